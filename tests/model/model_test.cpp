// SPDX-License-Identifier: Apache-2.0
// Model over a fake engine: options, warm-up, checked calls, and what a stage makes of samples: batches, halving,
// views.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <future>
#include <gantry/engine_loader.hpp>
#include <gantry/model.hpp>
#include <gantry/pipeline.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/manual_time.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::FakeEngine;
using test::FakeScript;
using test::HasCode;
using test::IsOk;
using test::make_fake_model;
using test::make_runtime;
using test::make_runtime_of_workers;
using test::row;
using test::row_signature;
using test::values_of;

std::shared_ptr<FakeScript> make_script() {
  return std::make_shared<FakeScript>();
}

Tensors batch_of(std::vector<float> values) {
  const auto rows = static_cast<std::int64_t>(values.size() / 2);
  return {{"x", Tensor::from<float>(Span<const float>(values), {rows, 2}).value()}};
}

/// A tensor whose memory this process cannot read.
Tensor elsewhere(const Shape& shape) {
  return Tensor::wrap(reinterpret_cast<void*>(0x7000000000), DType::kF32, shape, std::make_shared<int>(1), {},
                      Device::cuda(0))
      .value();
}

Result<Model> try_make(const std::shared_ptr<FakeScript>& script, const ModelOptions& options) {
  return Model::make(std::make_unique<FakeEngine>(script), row_signature(), options);
}

ModelOptions options_on(const Runtime& runtime) {
  ModelOptions options;
  options.runtime = runtime;
  return options;
}

/// Loads an engine that keeps nothing of the file.
class PlainLoader final : public EngineLoader {
 public:
  explicit PlainLoader(std::string kind) : kind_(std::move(kind)) {}
  std::string kind() const override { return kind_; }
  std::string version() const override { return "1"; }
  Result<std::unique_ptr<Engine>> load(const LoadRequest& request) const override {
    OptionReader reader(request.host_options);
    reader.integer("streams", 1, 8, 1);
    if (auto ok = reader.finish(); !ok) return std::move(ok).error();
    return std::unique_ptr<Engine>(std::make_unique<FakeEngine>(make_script()));
  }

 private:
  const std::string kind_;
};

TEST(ModelLoad, RefusesOptionsForAnEngineThatDoesNotLoad) {
  const std::string path = testing::TempDir() + "gantry-model-load-" + std::to_string(::getpid());
  std::ofstream(path) << "model";
  const Runtime runtime = make_runtime(1);
  const auto loads = [&](const std::string& engine, const std::string& options_for) {
    ModelOptions options = options_on(runtime);
    options.engine_options[options_for].set("streams", 2);
    return Model::load(PlainLoader(engine), path, row_signature(), options);
  };
  EXPECT_THAT(loads("mine", "mine"), IsOk());
  EXPECT_THAT(loads("mine", "mien"),
              FailsWith(ErrorCode::kInvalidArgument, "engine_options are for an engine 'mien', but an engine 'mine'"));
  EXPECT_THAT(loads("mine", "aoti"), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(loads("torchscript", "aoti"), IsOk()) << "libtorch::Options sets both";
  EXPECT_THAT(loads("torchscript", "mine"), HasCode(ErrorCode::kInvalidArgument));
  std::remove(path.c_str());
}

TEST(ModelOptions, AreLimited) {
  const Runtime runtime = make_runtime(1);
  const auto rejects = [&](int ModelOptions::*option, int value, const char* message) {
    ModelOptions options = options_on(runtime);
    options.*option = value;
    EXPECT_THAT(try_make(make_script(), options), FailsWith(ErrorCode::kInvalidArgument, message));
  };
  rejects(&ModelOptions::max_batch, -1, "ModelOptions::max_batch must be 0..65536, got -1");
  rejects(&ModelOptions::max_batch, 65537, "got 65537");
  rejects(&ModelOptions::warmup_runs, -1, "ModelOptions::warmup_runs must be 0..100, got -1");
  rejects(&ModelOptions::warmup_runs, 101, "got 101");
  rejects(&ModelOptions::instances, -1, "ModelOptions::instances must be 0..4096, got -1");
  rejects(&ModelOptions::instances, 4097, "got 4097");
}

TEST(Model, MakesOneInstancePerWorkerByDefault) {
  const auto script = make_script();
  RuntimeOptions runtime;
  runtime.workers = 3;
  runtime.intra_op_threads = 2;
  runtime.allow_oversubscription = true;
  ASSERT_THAT(try_make(script, options_on(Runtime::create(runtime).value())), IsOk());
  EXPECT_EQ(script->instances_made(), 3u);
  EXPECT_EQ(script->threads_asked_for(), 2);
}

TEST(Model, MakesAsManyInstancesAsAsked) {
  const auto script = make_script();
  make_fake_model(script, make_runtime(1), 5);
  EXPECT_EQ(script->instances_made(), 5u);
}

TEST(Model, IsNotMadeIfAnInstanceFails) {
  const auto script = make_script();
  script->instances_allowed = 1;
  EXPECT_THAT(try_make(script, options_on(make_runtime(2))),
              FailsWith(ErrorCode::kResourceExhausted, "no more instances"));
}

TEST(Model, RunsNothingThatItWasNotGiven) {
  const auto script = make_script();
  ASSERT_THAT(try_make(script, options_on(make_runtime(1))), IsOk());
  EXPECT_EQ(script->calls(), 0u);
}

TEST(Model, WarmsUpOnTheFirstExample) {
  const auto script = make_script();
  ModelOptions options = options_on(make_runtime(1));
  options.warmup_runs = 4;
  options.examples = {batch_of({3, 4})};
  ASSERT_THAT(try_make(script, options), IsOk());
  EXPECT_EQ(script->batch_sizes(), (std::vector<std::int64_t>{1, 1, 1, 1}));
  EXPECT_EQ(values_of(script->last_input()), (std::vector<float>{3, 4}));
  EXPECT_TRUE(script->last_call().is_trial);
}

TEST(Model, IsNotMadeIfTheWarmUpFails) {
  const auto script = make_script();
  script->compute = [](const Tensors&) -> Result<Tensors> { return Error(ErrorCode::kModelError, "no kernel"); };
  ModelOptions options = options_on(make_runtime(1));
  options.examples = {batch_of({3, 4})};
  EXPECT_THAT(try_make(script, options),
              FailsWith(ErrorCode::kModelError, "warm-up on the first of the examples: no kernel"));
}

TEST(Model, RefusesAnExampleThatDoesNotFit) {
  ModelOptions options = options_on(make_runtime(1));
  options.examples = {batch_of({3, 4}), Tensors{{"x", row({1, 2, 3})}}};
  EXPECT_THAT(try_make(make_script(), options), FailsWith(ErrorCode::kInvalidArgument, "ModelOptions::examples[1]"));
  options.examples = {Tensors{{"x", elsewhere({2, 2})}}};
  EXPECT_THAT(try_make(make_script(), options),
              FailsWith(ErrorCode::kInvalidArgument, "ModelOptions::examples[0] > input 'x': must be on the CPU"));
}

TEST(Model, ABoundOnHangingMayBeAsLongAsItsTypeHolds) {
  ModelOptions options = options_on(make_runtime(1));
  options.hang_after = std::chrono::milliseconds::max();
  const Model model = try_make(make_script(), options).value();
  for (int i = 0; i < 3; ++i) EXPECT_THAT(model.run(batch_of({1, 2})), IsOk());
}

using namespace std::chrono_literals;

TEST(ModelDeadline, ReturnsWhileTheEngineIsStillAtIt) {
  const auto script = make_script();
  script->gate.close();
  const auto time = std::make_shared<test::ManualTime>();
  std::thread opener;
  {
    const Model model = make_fake_model(script, make_runtime(2, Execution::kPooled, 1024, time));
    auto waiter = std::async(std::launch::async, [&] { return model.run(batch_of({1, 2}), within(1h, *time)); });
    script->gate.wait_for_arrivals(1);
    time->advance(1h);
    const auto late = waiter.get();
    EXPECT_THAT(late, FailsWith(ErrorCode::kDeadlineExceeded, "model 'fake': the deadline passed before"));
    EXPECT_EQ(late.error().reason(), ErrorReason::kDeadlinePassed);
    opener = std::thread([&] { script->gate.open(); });
  }  // the model may go meanwhile
  opener.join();
  EXPECT_EQ(script->calls(), 1u);
}

TEST(ModelDeadline, HoldsForAResultThatComesAfterIt) {
  const auto script = make_script();
  const auto time = std::make_shared<test::ManualTime>();
  script->compute = [&](const Tensors& inputs) -> Result<Tensors> {
    time->advance(30ms);
    return inputs;
  };
  const Model on_caller = make_fake_model(script, make_runtime(1, Execution::kCaller, 1024, time));
  EXPECT_THAT(on_caller.run(batch_of({1, 2}), within(10ms, *time)), HasCode(ErrorCode::kDeadlineExceeded));
  EXPECT_THAT(on_caller.run(batch_of({1, 2}), within(10s, *time)), IsOk());

  const Runtime runtime = make_runtime(1, Execution::kPooled, 1024, time);
  const Model model = make_fake_model(script, runtime);
  const auto nested = compile(stage("nested",
                                    [model, time](int) {
                                      return model.run(batch_of({1, 2}), within(10ms, *time));
                                    }),
                              runtime);
  EXPECT_THAT(nested.value().run(0), HasCode(ErrorCode::kDeadlineExceeded));
  EXPECT_EQ(runtime.stats().deadline_misses, 1u);
}

TEST(ModelDeadline, CopiesInputsThatDoNotOwnTheirMemory) {
  const auto script = make_script();
  const Model model = make_fake_model(script, make_runtime_of_workers(1));
  std::vector<float> borrowed = {1, 2};
  const Tensors inputs = {{"x", Tensor::wrap(borrowed.data(), DType::kF32, {1, 2}, nullptr).value()}};
  ASSERT_THAT(model.run(inputs, within(10s)), IsOk());
  EXPECT_NE(script->last_input().data(), borrowed.data());
  ASSERT_THAT(model.run(inputs), IsOk());
  EXPECT_EQ(script->last_input().data(), borrowed.data()) << "without a deadline the caller waits";
}

TEST(Model, SaysWhatItIs) {
  const auto script = make_script();
  const Model model = make_fake_model(script, make_runtime(1), 0, 7);
  EXPECT_EQ(model.name(), "fake");
  EXPECT_EQ(model.info().kind, "fake");
  EXPECT_EQ(model.max_batch(), 7);
  EXPECT_EQ(model.signature().to_string(), "(x: f32[batch, 2]) -> (y: f32[batch, 2])");
}

TEST(ModelRun, ComputesAndNamesTheOutputs) {
  for (const auto& runtime : {make_runtime_of_workers(2), make_runtime(2, Execution::kCaller)}) {
    const auto script = make_script();
    const Model model = make_fake_model(script, runtime);
    const Tensors outputs = model.run(batch_of({1, 2, 3, 4})).value();
    ASSERT_EQ(outputs.size(), 1u);
    EXPECT_EQ(outputs[0].name, "y");
    EXPECT_EQ(values_of(outputs[0].tensor), (std::vector<float>{2, 4, 6, 8}));
    EXPECT_EQ(script->last_thread() == std::this_thread::get_id(), runtime.options().execution == Execution::kCaller);
  }
}

TEST(ModelRun, RefusesInputsBeforeTheEngineSeesThem) {
  const auto script = make_script();
  const Model model = make_fake_model(script, make_runtime(1));
  EXPECT_THAT(model.run({}), FailsWith(ErrorCode::kInvalidArgument, "model 'fake': input 'x' is missing"));
  EXPECT_THAT(model.run({{"x", row({1, 2})}}), HasCode(ErrorCode::kInvalidArgument));
  float memory[2] = {};
  const Tensor remote = Tensor::wrap(memory, DType::kF32, {1, 2}, nullptr, {}, Device::cuda()).value();
  EXPECT_THAT(model.run({{"x", remote}}), FailsWith(ErrorCode::kInvalidArgument, "input 'x' must be on the CPU"));
  EXPECT_EQ(script->calls(), 0u);
}

TEST(ModelRun, TurnsWrongOutputsIntoModelErrors) {
  const auto script = make_script();
  const Model model = make_fake_model(script, make_runtime(1));
  const auto answer_with = [&](Tensors outputs) {
    script->compute = [outputs](const Tensors&) -> Result<Tensors> { return outputs; };
    return model.run(batch_of({1, 2}));
  };
  const char* text = "model 'fake': the model's output disagrees with its signature";
  EXPECT_THAT(answer_with({}), FailsWith(ErrorCode::kModelError, text));
  EXPECT_THAT(answer_with({{"y", Tensor::zeros(DType::kF32, {2, 2}).value()}}),
              FailsWith(ErrorCode::kModelError, text));
  EXPECT_THAT(answer_with({{"y", Tensor::zeros(DType::kF64, {1, 2}).value()}}),
              FailsWith(ErrorCode::kModelError, text));
  EXPECT_THAT(answer_with({{"z", Tensor::zeros(DType::kF32, {1, 2}).value()}}), IsOk());  // order counts, not names
  EXPECT_THAT(answer_with({{"y", elsewhere({1, 2})}}),
              FailsWith(ErrorCode::kModelError, "output 'y': expected a tensor on the CPU, got f32[1, 2]"));
}

TEST(ModelRun, TakesOutputsByTheirNamesWhereThoseAreTheSignatures) {
  const auto script = make_script();
  const auto signature = Signature::parse("x:f32[batch,2]", "a:f32[batch,2]; b:f32[batch,2]").value();
  const Model model = Model::make(std::make_unique<FakeEngine>(script), signature, options_on(make_runtime(1))).value();
  const auto answer_with = [&](const char* first, const char* second) {
    script->compute = [=](const Tensors&) -> Result<Tensors> {
      return Tensors{{first, batch_of({1, 1})[0].tensor}, {second, batch_of({2, 2})[0].tensor}};
    };
    const Tensors outputs = model.run(batch_of({1, 2})).value();
    return values_of(*outputs.find("a"))[0] * 10 + values_of(*outputs.find("b"))[0];
  };
  EXPECT_EQ(answer_with("a", "b"), 12);
  EXPECT_EQ(answer_with("b", "a"), 21);
  EXPECT_EQ(answer_with("0", "1"), 12);
  EXPECT_EQ(answer_with("", ""), 12);
}

TEST(ModelRun, GivesContiguousOutputs) {
  const auto script = make_script();
  const auto one = std::make_shared<std::vector<float>>(1, 7.0f);
  script->compute = [one](const Tensors& inputs) -> Result<Tensors> {
    return Tensors{{"y", Tensor::wrap(one->data(), DType::kF32, inputs[0].tensor.shape(), one, {0, 0}).value()}};
  };
  ModelOptions options = options_on(make_runtime(1));
  options.examples = {batch_of({1, 2, 3, 4})};  // which are compared with each other
  const Model model = try_make(script, options).value();
  const Tensors outputs = model.run(batch_of({1, 2, 3, 4})).value();
  EXPECT_TRUE(outputs[0].tensor.is_contiguous());
  EXPECT_EQ(values_of(outputs[0].tensor), (std::vector<float>{7, 7, 7, 7}));
}

TEST(ModelRun, TranslatesWhatAnEngineThrows) {
  const auto script = make_script();
  const Model model = make_fake_model(script, make_runtime(1));
  script->compute = [](const Tensors&) -> Result<Tensors> { throw std::runtime_error("boom"); };
  EXPECT_THAT(model.run(batch_of({1, 2})), FailsWith(ErrorCode::kInternal, "threw std::runtime_error: boom"));
  script->compute = [](const Tensors&) -> Result<Tensors> { throw std::bad_alloc(); };
  EXPECT_THAT(model.run(batch_of({1, 2})), FailsWith(ErrorCode::kResourceExhausted, "out of memory"));
  script->compute = nullptr;
  EXPECT_THAT(model.run(batch_of({1, 2})), IsOk());  // the instance came back
}

TEST(ModelRun, HandsContiguousInputsOverWithoutACopy) {
  const auto script = make_script();
  const Model model = make_fake_model(script, make_runtime(1));
  const Tensors inputs = batch_of({1, 2});
  ASSERT_THAT(model.run(inputs), IsOk());
  EXPECT_EQ(script->last_input().data(), inputs[0].tensor.data());
}

TEST(ModelRun, MakesStridedInputsContiguous) {
  const auto script = make_script();
  const Model model = make_fake_model(script, make_runtime(1));
  const std::size_t axes[] = {1, 0};
  const Tensor strided = batch_of({1, 2, 3, 4})[0].tensor.permute(axes).value();
  EXPECT_EQ(values_of(model.run({{"x", strided}}).value()[0].tensor), (std::vector<float>{2, 6, 4, 8}));
  EXPECT_TRUE(script->last_input().is_contiguous());
}

TEST(ModelRun, GivesAnEngineThatWritesACopyOfItsOwn) {
  const auto script = make_script();
  script->mutates_inputs = true;
  script->compute = [](const Tensors& inputs) -> Result<Tensors> {
    Tensor input = inputs[0].tensor;
    const auto values = input.mutable_values<float>().value();
    for (float& value : values) value = -1;
    return Tensors{{"y", input}};
  };
  const Model model = make_fake_model(script, make_runtime(1));
  const Tensors inputs = batch_of({1, 2});
  EXPECT_EQ(values_of(model.run(inputs).value()[0].tensor), (std::vector<float>{-1, -1}));
  EXPECT_EQ(values_of(inputs[0].tensor), (std::vector<float>{1, 2}));
}

TEST(ModelRun, HandsTheCallsOptionsToTheEngine) {
  const auto script = make_script();
  const Model model = make_fake_model(script, make_runtime(1));
  RunOptions call;
  call.deadline = within(std::chrono::hours(1));
  call.cancel = CancelToken::create();
  call.trace_parent = "00-1-2-01";
  ASSERT_THAT(model.run(batch_of({1, 2}), call), IsOk());
  EXPECT_EQ(script->last_call().deadline, call.deadline);
  EXPECT_EQ(script->last_call().trace_parent, "00-1-2-01");
  EXPECT_FALSE(script->last_call().is_trial);
  call.cancel.cancel();
  EXPECT_TRUE(script->last_call().cancel.is_cancelled());
}

TEST(ModelRun, DoesNotStartRequestsThatAreCancelledOrPastTheirDeadline) {
  for (const Execution execution : {Execution::kPooled, Execution::kCaller}) {
    const auto script = make_script();
    const Model model = make_fake_model(script, make_runtime(1, execution));
    EXPECT_THAT(model.run(batch_of({1, 2}), RunOptions(within(std::chrono::seconds(-1)))),
                HasCode(ErrorCode::kDeadlineExceeded));
    RunOptions cancelled;
    cancelled.cancel = CancelToken::create();
    cancelled.cancel.cancel();
    EXPECT_THAT(model.run(batch_of({1, 2}), cancelled), HasCode(ErrorCode::kCancelled));
    EXPECT_EQ(script->calls(), 0u);
  }
}

/// A pipeline of just the model, and the results of a batch through it.
struct StageRun {
  explicit StageRun(const std::shared_ptr<FakeScript>& fake, int max_batch = 16,
                    Execution execution = Execution::kPooled)
      : script(fake),
        runtime(make_runtime(1, execution)),
        model(make_fake_model(fake, runtime, 0, max_batch)),
        pipeline(compile(model.stage(), runtime).value()) {}
  std::vector<Result<Tensor>> operator()(const std::vector<Tensor>& samples) const {
    return pipeline.run_batch(samples);
  }
  std::shared_ptr<FakeScript> script;
  Runtime runtime;
  Model model;
  Pipeline<Tensor, Tensor> pipeline;
};

std::vector<Tensor> rows(int count) {
  std::vector<Tensor> samples;
  for (int i = 0; i < count; ++i) samples.push_back(row({static_cast<float>(i), static_cast<float>(-i)}));
  return samples;
}

TEST(ModelStage, StacksSamplesUpToMaxBatch) {
  for (const Execution execution : {Execution::kPooled, Execution::kCaller}) {
    const StageRun run(make_script(), 4, execution);
    const auto results = run(rows(10));
    ASSERT_EQ(results.size(), 10u);
    for (std::size_t i = 0; i < results.size(); ++i) {
      const auto value = static_cast<float>(i);
      EXPECT_EQ(values_of(results[i].value()), (std::vector<float>{2 * value, -2 * value}));
    }
    EXPECT_EQ(run.script->batch_sizes(), (std::vector<std::int64_t>{4, 4, 2}));
  }
}

TEST(ModelStage, FeedsConsecutiveViewsWithoutACopy) {
  const StageRun run(make_script());
  const Tensor block = Tensor::zeros(DType::kF32, {3, 2}).value();
  ASSERT_THAT(run({block.select(0, 0).value(), block.select(0, 1).value(), block.select(0, 2).value()})[0], IsOk());
  EXPECT_EQ(run.script->last_input().data(), block.data());
  EXPECT_EQ(run.script->last_input().to_string(), "f32[3, 2]");
}

TEST(ModelStage, RefusesABadSampleAloneAndBeforeTheEngine) {
  const StageRun run(make_script());
  std::vector<Tensor> samples = rows(3);
  samples[1] = row({1, 2, 3});
  const auto results = run(samples);
  EXPECT_THAT(results[0], IsOk());
  EXPECT_THAT(results[1], FailsWith(ErrorCode::kInvalidArgument, "stage 'model': expected x: f32[2], got f32[3]"));
  EXPECT_THAT(results[2], IsOk());
  EXPECT_EQ(run.script->batch_sizes(), (std::vector<std::int64_t>{2}));
}

/// Fails if a row holds a number below zero in front.
Result<Tensors> fail_on_negative(const Tensors& inputs) {
  const auto values = values_of(inputs[0].tensor);
  for (std::size_t i = 0; i < values.size(); i += 2)
    if (values[i] < 0) return Error(ErrorCode::kModelError, "a row is negative");
  return Tensors{{"y", inputs[0].tensor.clone().value()}};
}

TEST(ModelStage, HalvesABatchUntilTheFailingSampleStandsAlone) {
  for (const Execution execution : {Execution::kPooled, Execution::kCaller}) {
    for (std::size_t bad = 0; bad < 8; ++bad) {
      const auto script = make_script();
      script->compute = &fail_on_negative;
      const StageRun run(script, 8, execution);
      std::vector<Tensor> samples = rows(8);
      samples[bad] = row({-1, 0});
      const auto results = run(samples);
      for (std::size_t i = 0; i < 8; ++i) {
        if (i == bad) {
          EXPECT_THAT(results[i], FailsWith(ErrorCode::kModelError, "stage 'model': a row is negative"));
        } else {
          EXPECT_EQ(values_of(results[i].value()), values_of(samples[i]));
        }
      }
      EXPECT_EQ(script->calls(), 7u);  // 8, and then two of each of 4, 2, 1
    }
  }
}

TEST(ModelStage, FindsSeveralFailingSamples) {
  const auto script = make_script();
  script->compute = &fail_on_negative;
  const StageRun run(script);
  std::vector<Tensor> samples = rows(13);
  for (const std::size_t bad : {0u, 5u, 6u, 12u}) samples[bad] = row({-1, 0});
  const auto results = run(samples);
  for (std::size_t i = 0; i < 13; ++i) EXPECT_EQ(results[i].ok(), i != 0 && i != 5 && i != 6 && i != 12) << i;
}

TEST(ModelStage, DoesNotRetryErrorsOtherThanModelErrors) {
  const auto script = make_script();
  script->compute = [](const Tensors&) -> Result<Tensors> { return Error(ErrorCode::kInvalidArgument, "no"); };
  const StageRun run(script);
  for (const auto& result : run(rows(4))) EXPECT_THAT(result, HasCode(ErrorCode::kInvalidArgument));
  EXPECT_EQ(script->calls(), 1u);
}

TEST(ModelStage, TriesLackOfMemoryOnceMoreInHalves) {
  for (const std::int64_t room : {1, 2}) {
    const auto script = make_script();
    script->compute = [room](const Tensors& inputs) -> Result<Tensors> {
      if (inputs[0].tensor.shape()[0] > room) return Error(ErrorCode::kResourceExhausted, "memory");
      return inputs;
    };
    const StageRun run(script);
    for (const auto& result : run(rows(4))) EXPECT_EQ(result.ok(), room == 2);
    EXPECT_EQ(script->batch_sizes().front(), 4);
    EXPECT_EQ(script->calls(), room == 2 ? 3u : 2u);
  }
}

TEST(ModelStage, NeitherMergesNorRetriesForAnEngineThatWritesToItsInputs) {
  for (const Execution execution : {Execution::kPooled, Execution::kCaller}) {
    const auto script = make_script();
    script->mutates_inputs = true;
    script->compute = &fail_on_negative;
    const StageRun run(script, 16, execution);
    std::vector<Tensor> samples = rows(4);
    samples[2] = row({-1, 0});
    const auto results = run(samples);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(results[i].ok(), i != 2);
    EXPECT_EQ(script->calls(), 4u);
  }
}

TEST(ModelStage, GroupsSamplesOfEqualShapes) {
  const auto script = make_script();
  const Runtime runtime = make_runtime(1);
  const Model model =
      make_fake_model(script, runtime, 0, 16, Signature::parse("x:f32[batch,n]", "y:f32[batch,n]").value());
  const auto pipeline = compile(model.stage(), runtime).value();
  const std::vector<Tensor> samples = {row({1}), row({1, 2}), row({2}), row({3, 4}), row({5})};
  const auto results = pipeline.run_batch(samples);
  EXPECT_EQ(values_of(results[3].value()), (std::vector<float>{6, 8}));
  EXPECT_EQ(values_of(results[4].value()), (std::vector<float>{10}));
  EXPECT_EQ(script->batch_sizes(), (std::vector<std::int64_t>{3, 2}));
}

TEST(ModelStage, NeverMergesCallsWithoutABatchAxis) {
  const auto script = make_script();
  const Runtime runtime = make_runtime(1);
  const Model model = make_fake_model(script, runtime, 0, 16, Signature::parse("x:f32[2]", "y:f32[2]").value());
  const auto pipeline = compile(model.stage(), runtime).value();
  const auto results = pipeline.run_batch(rows(3));
  EXPECT_EQ(values_of(results[2].value()), (std::vector<float>{4, -4}));
  EXPECT_EQ(script->calls(), 3u);
}

TEST(ModelStage, TakesAndGivesTensorsByName) {
  const auto script = make_script();
  script->compute = [](const Tensors& inputs) -> Result<Tensors> {
    return Tensors{{"", inputs[1].tensor}, {"", inputs[0].tensor}};
  };
  const Runtime runtime = make_runtime(1);
  const Model model = make_fake_model(
      script, runtime, 0, 16,
      Signature::parse("a:f32[batch]; b:f32[batch,2]", "first:f32[batch,2]; second:f32[batch]").value());
  const auto pipeline = compile(model.stage<Tensors, Tensors>(), runtime).value();
  const Tensor scalar = Tensor::zeros(DType::kF32, {}).value();
  const Tensors outputs = pipeline.run({{"b", row({1, 2})}, {"a", scalar}}).value();
  ASSERT_EQ(outputs.size(), 2u);
  EXPECT_EQ(values_of(*outputs.find("first")), (std::vector<float>{1, 2}));
  EXPECT_EQ(outputs.find("second")->to_string(), "f32[]");
  EXPECT_THAT(pipeline.run({{"a", scalar}}), FailsWith(ErrorCode::kInvalidArgument, "input 'b' is missing"));
  EXPECT_THAT(pipeline.run({{"a", scalar}, {"b", row({1, 2})}, {"c", scalar}}),
              FailsWith(ErrorCode::kInvalidArgument, "unknown input 'c'"));
  EXPECT_THAT(pipeline.run({{"a", scalar}, {"b", row({1, 2})}, {"a", scalar}}),
              FailsWith(ErrorCode::kInvalidArgument, "an input appears twice"));
}

TEST(ModelStage, OverTensorNeedsOneInputAndOneOutput) {
  const Runtime runtime = make_runtime(1);
  const auto script = make_script();
  const Model two_in =
      make_fake_model(script, runtime, 0, 16, Signature::parse("a:f32[batch]; b:f32[batch]", "y:f32[batch]").value());
  EXPECT_THAT(
      compile(two_in.stage(), runtime),
      FailsWith(ErrorCode::kInvalidArgument, "stage 'model': a stage over Tensor needs a model with one input"));
  const Model two_out =
      make_fake_model(script, runtime, 0, 16, Signature::parse("a:f32[batch]", "y:f32[batch]; z:f32[batch]").value());
  EXPECT_THAT(compile(two_out.stage(), runtime),
              FailsWith(ErrorCode::kInvalidArgument, "a stage that gives Tensor needs a model with one output"));
}

TEST(ModelStage, OnAnotherRuntimeContinuesOnThePipelinesWorkers) {
  const Runtime mine = make_runtime_of_workers(1);
  const Model model = make_fake_model(make_script(), make_runtime(1));
  const auto worker = compile(stage("who", [](int) { return std::this_thread::get_id(); }), mine).value().run(0);
  const auto pipeline =
      compile(model.stage() | stage("who", [](Tensor) { return std::this_thread::get_id(); }), mine).value();
  EXPECT_EQ(pipeline.run(row({1, 2})).value(), worker.value());
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
