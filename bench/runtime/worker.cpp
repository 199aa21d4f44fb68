// SPDX-License-Identifier: Apache-2.0
// Runs a TorchScript model in process with any number of blocking callers: one side of containers.py and
// beside_litserve.py.
//
//   bench_runtime_worker SIDE MODEL.ts "x:f32[batch,3,224,224]" "y:f32[batch,1000]" 3,224,224
//
// SIDE is
//   gantry    a Runtime, a Model and a pipeline with default options
//   default   LibTorch alone: all callers run one module, with LibTorch's own number of threads
//   TxC       LibTorch with hand-picked numbers: T threads per call, C calls at a time, first come first served
#include <ATen/Parallel.h>

#include <condition_variable>
#include <deque>
#include <gantry/libtorch.hpp>
#include <mutex>

#include "examples.hpp"
#include "torchscript.hpp"
#include "turns.hpp"

namespace {

using namespace gantry;

/// `count` slots; callers wait for them in the order of arrival.
class Slots {
 public:
  explicit Slots(int count) {
    for (int i = 0; i < count; ++i) free_.push_back(i);
  }
  int take() {
    std::unique_lock lock(mutex_);
    if (waiting_.empty() && !free_.empty()) {
      const int slot = free_.back();
      free_.pop_back();
      return slot;
    }
    Waiter waiter;
    waiting_.push_back(&waiter);
    waiter.wake.wait(lock, [&] { return waiter.slot >= 0; });
    return waiter.slot;
  }
  void give_back(int slot) {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return free_.push_back(slot);
    waiting_.front()->slot = slot;
    waiting_.front()->wake.notify_one();
    waiting_.pop_front();
  }

 private:
  struct Waiter {
    std::condition_variable wake;
    int slot = -1;
  };
  std::mutex mutex_;
  std::vector<int> free_;
  std::deque<Waiter*> waiting_;
};

int run_gantry(char** argv, const std::vector<float>& values, const Shape& shape) {
  const Runtime runtime = Runtime::create({}).value();
  ModelOptions options;
  options.runtime = runtime;
  const Signature signature = Signature::parse(argv[3], argv[4]).value();
  options.examples = bench::sixteen_samples(signature, {shape.begin(), shape.end()});
  const Model model = libtorch::load(argv[2], signature, options).value();
  const auto pipeline = compile(model.stage(), runtime).value();
  const Tensor input = Tensor::from<float>(Span<const float>(values.data(), values.size()), shape).value();
  const Tensor answer = pipeline.run(input).value().contiguous().value();
  const auto output = answer.values<float>().value();
  bench::take_turns({output.begin(), output.end()}, runtime.budget_explanation(), [&](int) {
    if (!pipeline.run(input)) std::abort();
  });
  return 0;
}

int run_libtorch(const std::string& side, const char* path, const at::Tensor& input) {
  int threads = 0, at_a_time = 1;
  if (side != "default" && std::sscanf(side.c_str(), "%dx%d", &threads, &at_a_time) != 2) return 64;
  if (threads > 0) at::set_num_threads(threads);
  torch::jit::Module first = bench::load_frozen(path);
  std::vector<torch::jit::Module> modules;
  for (int i = 0; i < at_a_time; ++i) modules.push_back(first.deepcopy());
  const std::vector<float> output = bench::call(first, input);
  for (auto& module : modules)
    for (int i = 0; i < 3; ++i) bench::call(module, input);  // the profiling executor optimises on the second run
  Slots slots(at_a_time);
  bench::take_turns(output, std::to_string(at::get_num_threads()) + " threads", [&](int) {
    if (threads == 0) {
      bench::call(modules[0], input);
      return;
    }
    thread_local const bool is_set = (at::set_num_threads(threads), true);
    static_cast<void>(is_set);
    const int slot = slots.take();
    bench::call(modules[static_cast<std::size_t>(slot)], input);
    slots.give_back(slot);
  });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return std::fprintf(stderr, "usage: bench_runtime_worker SIDE MODEL INPUT OUTPUT DIMS\n"), 64;
  std::vector<std::int64_t> dims = bench::parse_dims(argv[5]);
  std::size_t count = 1;
  for (const std::int64_t dim : dims) count *= static_cast<std::size_t>(dim);
  std::vector<float> values = bench::make_input(count);
  if (std::string(argv[1]) == "gantry") return run_gantry(argv, values, Shape(Span<const std::int64_t>(dims)));
  dims.insert(dims.begin(), 1);
  return run_libtorch(argv[1], argv[2], torch::from_blob(values.data(), dims));
}
