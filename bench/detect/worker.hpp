// SPDX-License-Identifier: Apache-2.0
// Shared by the workers of the benchmark of detection: reading tensors, and the protocol of workers.py.
#pragma once

#include <ctime>

#include <gantry/bytes.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <gantry/tensor.hpp>
#include <iostream>
#include <string>
#include <utility>

namespace gantry::inline GANTRY_ABI::bench {

/// Loads a .npy file.
inline Tensor load(const std::string& path) {
  static const Codecs codecs = Registry::builtin().codecs();
  return codecs.from_bytes(PayloadType::of<Tensor>(), read_file(path).value(), "application/x-npy")
      .value()
      .as<Tensor>()
      .value();
}

/// Compiled for the calling thread.
template <class In, class Out>
Pipeline<In, Out> compiled(const Stage<In, Out>& chain) {
  RuntimeOptions options;
  options.execution = Execution::kCaller;
  return compile(chain, Runtime::create(options).value()).value();
}

inline double cpu_ns() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// Prints `ready`, then answers each `run N` with the mean CPU nanoseconds of N calls. Returns the exit status.
template <class Work>
int serve(const std::string& ready, const Work& work) {
  std::cout << ready << std::endl;
  std::string word;
  for (long count = 0; std::cin >> word >> count;) {
    const double began = cpu_ns();
    for (long i = 0; i < count; ++i) work();
    std::cout << (cpu_ns() - began) / static_cast<double>(count) << std::endl;
  }
  return 0;
}

}  // namespace gantry::inline GANTRY_ABI::bench
