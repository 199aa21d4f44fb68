// SPDX-License-Identifier: Apache-2.0
// Throughput of one TorchScript model at 1, 4, 16 and 64 calling threads: gantry, LibTorch behind one mutex, and one
// module per thread. Answers are compared before anything is timed.
//
//   bench_callers MODEL.ts "x:f32[batch,3,224,224]" "y:f32[batch,1000]" 3,224,224
#include <ATen/Parallel.h>

#include <cstdlib>
#include <gantry/libtorch.hpp>
#include <mutex>
#include <string>

#include "examples.hpp"
#include "load.hpp"
#include "torchscript.hpp"

namespace {

using namespace gantry;
using namespace std::chrono_literals;

using bench::call;

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return std::fprintf(stderr, "usage: bench_callers MODEL INPUT OUTPUT DIMS\n"), 64;
  const std::vector<std::int64_t> dims = bench::parse_dims(argv[4]);
  ::setenv("MKL_NUM_THREADS", "1", 0);  // the next line does not affect MKL on threads that start later
  at::set_num_threads(1);
  const Runtime runtime = Runtime::create({}).value();
  ModelOptions options;
  options.runtime = runtime;
  const Signature signature = Signature::parse(argv[2], argv[3]).value();
  options.examples = bench::sixteen_samples(signature, dims);
  const Model model = libtorch::load(argv[1], signature, options).value();
  const auto pipeline = compile(model.stage(), runtime).value();

  std::vector<std::int64_t> batch_of_one = dims;
  batch_of_one.insert(batch_of_one.begin(), 1);
  const at::Tensor torch_input = at::rand(batch_of_one);
  const Tensor input = Tensor::from<float>(Span<const float>(torch_input.data_ptr<float>(),
                                                             static_cast<std::size_t>(torch_input.numel())),
                                           Shape(Span<const std::int64_t>(dims)))
                           .value();
  torch::jit::Module shared = bench::load_frozen(argv[1]);
  std::vector<torch::jit::Module> own;
  for (int i = 0; i < 64; ++i) own.push_back(shared.deepcopy());
  std::mutex mutex;

  const auto expected = call(shared, torch_input);
  const Tensor answer = pipeline.run(input).value().contiguous().value();
  const auto values = answer.values<float>().value();
  if (!bench::agree({values.begin(), values.end()}, expected)) return std::fprintf(stderr, "the answers differ\n"), 1;

  for (const int callers : {1, 4, 16, 64}) {
    // Short rounds for short calls: a shared machine changes its speed by more than the sides differ.
    const int rounds = callers == 1 ? 16 : 3;
    const auto time = 6000ms / rounds;
    const auto warm_up = time / 5;
    std::vector<double> ours, locked, single;
    std::vector<double> against_locked, against_single;
    for (int round = 0; round < rounds; ++round) {
      const auto run_gantry = [&](int) {
        if (!pipeline.run(input)) std::abort();
      };
      const auto run_locked = [&](int) {
        const std::lock_guard lock(mutex);
        call(shared, torch_input);
      };
      const auto run_single = [&](int i) { call(own[static_cast<std::size_t>(i)], torch_input); };
      auto a = bench::closed_loop(callers, time, run_gantry, warm_up);
      auto b = bench::closed_loop(callers, time, run_locked, warm_up);
      auto c = bench::closed_loop(callers, time, run_single, warm_up);
      against_locked.push_back(static_cast<double>(a.size()) / static_cast<double>(b.size()));
      against_single.push_back(static_cast<double>(a.size()) / static_cast<double>(c.size()));
      ours.insert(ours.end(), a.begin(), a.end());
      locked.insert(locked.end(), b.begin(), b.end());
      single.insert(single.end(), c.begin(), c.end());
    }
    const auto row = [&](const char* name, std::vector<double>& latencies) {
      std::printf("%2d callers, %-18s %8.1f/s, p50 %8.2f ms, p99 %8.2f ms\n", callers, name,
                  static_cast<double>(latencies.size()) / 6.0, bench::quantile(latencies, 0.5) / 1000,
                  bench::quantile(latencies, 0.99) / 1000);
    };
    row("gantry", ours);
    row("one mutex", locked);
    row("module per thread", single);
    std::printf("   throughput ratios: %.2f (%.2f..%.2f) of one mutex, %.2f (%.2f..%.2f) of a module per thread\n",
                bench::quantile(against_locked, 0.5), bench::quantile(against_locked, 0.0),
                bench::quantile(against_locked, 1.0), bench::quantile(against_single, 0.5),
                bench::quantile(against_single, 0.0), bench::quantile(against_single, 1.0));
  }
  const ModelStats stats = runtime.stats().models.at(0);
  std::printf("paying batch %zu, %llu samples in %llu batches\n", stats.paying_batch,
              static_cast<unsigned long long>(stats.samples), static_cast<unsigned long long>(stats.batches));
}
