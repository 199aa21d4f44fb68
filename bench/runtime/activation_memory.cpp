// SPDX-License-Identifier: Apache-2.0
// The gain of keeping an engine's activation memory: one TorchScript model loaded twice, with and without, in turns.
//
//   bench_runtime_activation_memory MODEL.ts   (image f32[batch,3,224,224] to logits f32[batch,1000])
#include <sys/resource.h>

#include <cstring>
#include <gantry/libtorch.hpp>

#include "load.hpp"

namespace {

using namespace gantry;

long page_faults() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt;
}

struct Side {
  Model model;
  std::vector<double> milliseconds;
  long faults = 0;

  Tensor run(const Tensor& input) {
    const long before = page_faults();
    const auto begin = bench::Clock::now();
    Tensor output = model.run({{"image", input}}).value()[0].tensor;
    milliseconds.push_back(bench::microseconds(bench::Clock::now() - begin) / 1000);
    faults = page_faults() - before;
    return output;
  }
};

Side load(const char* path, const Runtime& runtime, bool retains) {
  ModelOptions options;
  options.runtime = runtime;
  options.engine_options["torchscript"].set("retain_activation_memory", retains);
  auto signature = Signature::parse("image:f32[batch,3,224,224]", "logits:f32[batch,1000]").value();
  return {libtorch::load(path, signature, options).value(), {}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: bench_runtime_activation_memory MODEL\n"), 64;
  RuntimeOptions options;
  options.execution = Execution::kCaller;
  options.workers = 1;
  const Runtime runtime = Runtime::create(options).value();
  for (const std::int64_t batch : {1, 8, 16}) {
    Side dropped = load(argv[1], runtime, false);
    Side kept = load(argv[1], runtime, true);
    const Tensor input = Tensor::zeros(DType::kF32, {batch, 3, 224, 224}).value();
    for (int i = 0; i < (batch == 1 ? 60 : 16); ++i) {
      const Tensor a = dropped.run(input);
      const Tensor b = kept.run(input);
      if (std::memcmp(a.data(), b.data(), a.size_bytes()) != 0) return std::fprintf(stderr, "the answers differ\n"), 1;
    }
    const double without = bench::quantile(dropped.milliseconds, 0.5);
    const double with = bench::quantile(kept.milliseconds, 0.5);
    std::printf("batch %2d: given back %.1f ms, %ld page faults; kept %.1f ms, %ld page faults, %zu MB; ratio %.2f\n",
                static_cast<int>(batch), without, dropped.faults, with, kept.faults,
                libtorch::activation_memory().bytes_held >> 20, without / with);
  }
}
