// SPDX-License-Identifier: Apache-2.0
// detect.db in the benchmark of detection: one map, driven line by line.
//
//   bench_db_worker MAP
//
// MAP (f32[h, w]) is an .npy file. A line of JSON says what is found: the numbers of all corners. `run N` then looks N
// times, and answers the CPU time of one in nanoseconds.
#include <ctime>

#include <cstdio>
#include <gantry/bytes.hpp>
#include <gantry/detect/db.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <iostream>
#include <string>

namespace {

using namespace gantry;

double cpu_ns() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: bench_db_worker MAP\n"), 64;
  const Codecs codecs = Registry::builtin().codecs();
  const Tensor map = codecs.from_bytes(PayloadType::of<Tensor>(), read_file(argv[1]).value(), "application/x-npy")
                         .value()
                         .as<Tensor>()
                         .value();
  RuntimeOptions options;
  options.execution = Execution::kCaller;
  const Runtime runtime = Runtime::create(options).value();
  const auto pipeline = compile(detect::db({}), runtime).value();
  std::cout << codecs.to_json(Payload::from(pipeline.run(map).value())).value() << std::endl;
  std::string command;
  for (int count = 0; std::cin >> command >> count;) {
    const double began = cpu_ns();
    for (int i = 0; i < count; ++i) (void)pipeline.run(map).value();
    std::cout << (cpu_ns() - began) / count << std::endl;
  }
}
