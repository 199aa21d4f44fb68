// SPDX-License-Identifier: Apache-2.0
// The cost of a pipeline besides its work: seven stages. Six pass on their tensor; one is a model whose engine answers
// at once.
//   caller execution: the pipeline, and the same seven calls written out; the difference is the cost of the plan
//   pooled execution: a blocking run, and one round trip between two threads over mutexes and condition variables
#include <benchmark/benchmark.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <gantry/core.hpp>
#include <mutex>
#include <thread>

#include "null_engine.hpp"

namespace {

using namespace gantry;

Tensor pass(Tensor tensor) {
  return tensor;
}

auto make_chain(const Model& model) {
  const auto stage = [](const char* name) { return gantry::stage(name, &pass); };
  return stage("1") | stage("2") | stage("3") | model.stage() | stage("5") | stage("6") | stage("7");
}

struct Setup {
  Runtime runtime;
  Model model;
  Pipeline<Tensor, Tensor> pipeline;

  explicit Setup(Execution execution)
      : runtime(bench::make_runtime(execution)),
        model(bench::make_null_model(runtime)),
        pipeline(compile(make_chain(model), runtime).value()) {}
};

bool is_answer(const Tensor& tensor) {
  return tensor.shape() == Shape{bench::kFeatures} && tensor.dtype() == DType::kF32;
}

void pipeline_in_caller_execution(benchmark::State& state) {
  const Setup setup(Execution::kCaller);
  const Tensor sample = bench::make_sample();
  if (!is_answer(setup.pipeline.run(sample).value())) return state.SkipWithError("wrong answer");
  for (auto _ : state) benchmark::DoNotOptimize(setup.pipeline.run(sample));
}
BENCHMARK(pipeline_in_caller_execution);

/// The engine and the six functions, with the batch axis added and removed.
void written_out(benchmark::State& state) {
  bench::NullInstance instance({{"y", Tensor::zeros(DType::kF32, {1, bench::kFeatures}).value()}});
  const Tensor sample = bench::make_sample();
  const EngineCall call;
  const auto run = [&](Tensor tensor) {
    for (int i = 0; i < 3; ++i) tensor = pass(std::move(tensor));
    const Tensors inputs{{"x", tensor.reshape({1, bench::kFeatures}).value()}};
    tensor = instance.run(inputs, call).value()[0].tensor.select(0, 0).value();
    for (int i = 0; i < 3; ++i) tensor = pass(std::move(tensor));
    return tensor;
  };
  if (!is_answer(run(sample))) return state.SkipWithError("wrong answer");
  for (auto _ : state) benchmark::DoNotOptimize(run(sample));
}
BENCHMARK(written_out);

/// The plan without a model: the cost of each further stage.
void seven_callables_in_caller_execution(benchmark::State& state) {
  const auto stage = [](const char* name) { return gantry::stage(name, &pass); };
  const auto chain = stage("1") | stage("2") | stage("3") | stage("4") | stage("5") | stage("6") | stage("7");
  const auto pipeline = compile(chain, bench::make_runtime(Execution::kCaller)).value();
  const Tensor sample = bench::make_sample();
  for (auto _ : state) benchmark::DoNotOptimize(pipeline.run(sample));
}
BENCHMARK(seven_callables_in_caller_execution);

void pooled_run(benchmark::State& state) {
  const Setup setup(Execution::kPooled);
  const Tensor sample = bench::make_sample();
  if (!is_answer(setup.pipeline.run(sample).value())) return state.SkipWithError("wrong answer");
  for (auto _ : state) benchmark::DoNotOptimize(setup.pipeline.run(sample));
}
BENCHMARK(pooled_run)->UseRealTime();

/// Another thread that sets a flag back.
class Echo {
 public:
  Echo() : thread_([this] { serve(); }) {}
  ~Echo() {
    set(kStop);
    thread_.join();
  }
  void round_trip() {
    set(kAsked);
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [this] { return state_ == kIdle; });
  }

 private:
  enum State { kIdle, kAsked, kStop };
  void set(State state) {
    const std::lock_guard lock(mutex_);
    state_ = state;
    asked_.notify_one();
  }
  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      asked_.wait(lock, [this] { return state_ != kIdle; });
      if (state_ == kStop) return;
      state_ = kIdle;
      answered_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable asked_, answered_;
  State state_ = kIdle;
  std::thread thread_;
};

void raw_round_trip(benchmark::State& state) {
  Echo echo;
  for (auto _ : state) echo.round_trip();
}
BENCHMARK(raw_round_trip)->UseRealTime();

}  // namespace
