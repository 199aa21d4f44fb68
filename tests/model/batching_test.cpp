// SPDX-License-Identifier: Apache-2.0
// Batches across callers, through the real runtime with a fake engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <chrono>
#include <future>
#include <gantry/pipeline.hpp>
#include <thread>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/manual_time.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using namespace std::chrono_literals;
using test::FakeScript;
using test::HasCode;
using test::IsOk;
using test::make_runtime;
using test::row;
using test::row_signature;
using test::values_of;

struct Served {
  explicit Served(ModelOptions options = {}, const Signature& signature = row_signature(), int workers = 2,
                  std::shared_ptr<const TimeSource> time = nullptr)
      : runtime(make_runtime(workers, Execution::kPooled, 1024, std::move(time))) {
    options.runtime = runtime;
    options.warmup_runs = 0;
    options.merge = Merge::kAssume;
    if (options.instances == 0) options.instances = 1;
    options.name = "fake";
    model = Model::make(std::make_unique<test::FakeEngine>(script), signature, options).value();
    pipeline = compile(model->stage(), runtime).value();
  }
  std::vector<std::future<Result<Tensor>>> submit(int count, const RunOptions& options = {}) {
    std::vector<std::future<Result<Tensor>>> answers;
    for (int i = 0; i < count; ++i) answers.push_back(pipeline->submit(row({static_cast<float>(i), 1}), options));
    return answers;
  }
  ModelStats stats() const { return runtime.stats().models.at(0); }

  std::shared_ptr<FakeScript> script = std::make_shared<FakeScript>();
  Runtime runtime;
  std::optional<Model> model;
  std::optional<Pipeline<Tensor, Tensor>> pipeline;
};

/// A call costs the same for one sample as for sixteen; while it lasts, others come and wait.
Result<Tensors> slow_double(const Tensors& inputs) {
  std::this_thread::sleep_for(200us);
  auto doubled = inputs[0].tensor.clone().value();
  for (float& value : doubled.mutable_values<float>().value()) value *= 2;
  return Tensors{{"", doubled}};
}

TEST(Batching, CallsThatWaitShareBatches) {
  Served served;
  served.script->compute = &slow_double;
  auto answers = served.submit(500);
  for (int i = 0; i < 500; ++i) {
    const auto answer = answers[static_cast<std::size_t>(i)].get();
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(values_of(*answer), (std::vector<float>{2.0f * static_cast<float>(i), 2}));
  }
  EXPECT_LT(served.script->calls(), 250u);
  for (const std::int64_t size : served.script->batch_sizes()) EXPECT_LE(size, 16);
  const ModelStats stats = served.stats();
  EXPECT_EQ(stats.calls, 500u);
  EXPECT_EQ(stats.samples, 500u);
  EXPECT_EQ(stats.batches, served.script->calls());
  EXPECT_EQ(stats.queue_wait.count, 500u);
  EXPECT_GT(stats.paying_batch, 1u);
}

/// A call with several samples fails, and the single one does not.
Result<Tensors> fail_in_batches(const Tensors& inputs) {
  if (inputs[0].tensor.shape()[0] > 1) return Error(ErrorCode::kModelError, "traced with a batch of one");
  return Tensors{{"y", inputs[0].tensor}};
}

TEST(Batching, ASizeThatFailsIsNotUsedAgain) {
  Served served;
  served.script->compute = &fail_in_batches;
  for (auto& answer : served.submit(200)) ASSERT_THAT(answer.get(), IsOk());
  const auto sizes = served.script->batch_sizes();
  EXPECT_LE(sizes.size(), 200u + 8) << "each of 2, 4, 8 and 16 is tried twice at most";
  EXPECT_EQ(served.stats().paying_batch, 1u);
}

TEST(Batching, ASizeWhoseRowsAreOthersIsNotUsedAgain) {
  Served served;
  served.script->compute = [](const Tensors& inputs) -> Result<Tensors> {  // one row whatever it is given
    return Tensors{{"y", inputs[0].tensor.slice(0, 0, 1).value().clone().value()}};
  };
  auto answers = served.submit(200);
  for (std::size_t i = 0; i < answers.size(); ++i)
    EXPECT_EQ(values_of(answers[i].get().value()), (std::vector<float>{static_cast<float>(i), 1}));
  EXPECT_LE(served.script->calls(), 200u + 8);
}

TEST(Batching, AFailingCallDoesNotForbidTheSize) {
  Served served;
  served.script->compute = [](const Tensors& inputs) -> Result<Tensors> {
    for (const float value : values_of(inputs[0].tensor))
      if (value == 13) return Error(ErrorCode::kModelError, "unlucky");
    return slow_double(inputs);
  };
  auto answers = served.submit(300);
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i].get().ok(), i != 13) << i;
  EXPECT_GT(served.stats().paying_batch, 1u);
}

TEST(Batching, StopsWhereItDoesNotPay) {
  const auto time = std::make_shared<test::ManualTime>();
  Served served({}, row_signature(), 2, time);
  served.script->compute = [&](const Tensors& inputs) {
    time->advance(200us + (inputs[0].tensor.shape()[0] - 1) * 10ms);
    return slow_double(inputs);
  };
  for (auto& answer : served.submit(300)) ASSERT_THAT(answer.get(), IsOk());
  EXPECT_EQ(served.stats().paying_batch, 1u);
  EXPECT_GT(served.script->calls(), 200u) << "two of each size were tried";
}

TEST(Batching, CanBeSwitchedOff) {
  ModelOptions options;
  options.batch_across_callers = false;
  Served served(options);
  served.script->compute = &slow_double;
  for (auto& answer : served.submit(60)) ASSERT_THAT(answer.get(), IsOk());
  EXPECT_EQ(served.script->calls(), 60u);
}

TEST(Batching, NeverMergesForAnEngineThatWritesToItsInputs) {
  const auto script = std::make_shared<FakeScript>();
  script->mutates_inputs = true;
  script->compute = &slow_double;
  const Runtime runtime = make_runtime(2);
  const Model model = test::make_fake_model(script, runtime, 1);
  const auto pipeline = compile(model.stage(), runtime).value();
  std::vector<std::future<Result<Tensor>>> answers;
  for (int i = 0; i < 60; ++i) answers.push_back(pipeline.submit(row({1, 1})));
  for (auto& answer : answers) ASSERT_THAT(answer.get(), IsOk());
  EXPECT_EQ(script->calls(), 60u);
}

TEST(Batching, OnlySamplesOfOneShapeGoTogether) {
  Served served({}, Signature::parse("x:f32[batch,length]", "y:f32[batch,length]").value());
  served.script->compute = &slow_double;
  std::vector<std::future<Result<Tensor>>> answers;
  for (int i = 0; i < 400; ++i)
    answers.push_back(served.pipeline->submit(row(std::vector<float>(static_cast<std::size_t>(1 + i % 3), 1.0f))));
  for (int i = 0; i < 400; ++i) {
    const auto answer = answers[static_cast<std::size_t>(i)].get();
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(values_of(*answer), std::vector<float>(static_cast<std::size_t>(1 + i % 3), 2.0f));
  }
  EXPECT_LT(served.script->calls(), 300u);
}

TEST(Batching, AFailingCallFailsAlone) {
  Served served;
  served.script->compute = [](const Tensors& inputs) -> Result<Tensors> {
    for (const float value : inputs[0].tensor.values<float>().value())
      if (value == 37.0f || value == 255.0f) return Error(ErrorCode::kModelError, "37");
    return slow_double(inputs);
  };
  auto answers = served.submit(400);
  for (int i = 0; i < 400; ++i) {
    const auto answer = answers[static_cast<std::size_t>(i)].get();
    if (i == 37 || i == 255)
      EXPECT_THAT(answer, HasCode(ErrorCode::kModelError));
    else
      EXPECT_THAT(answer, IsOk()) << i;
  }
  EXPECT_GT(served.stats().model_errors, 1u);
}

TEST(Batching, MemoryForHalfABatchIsEnough) {
  Served served;
  std::atomic<int> refused{0};
  served.script->compute = [&](const Tensors& inputs) -> Result<Tensors> {
    if (inputs[0].tensor.shape()[0] > 8) return ++refused, Error(ErrorCode::kResourceExhausted, "no memory");
    return slow_double(inputs);
  };
  for (auto& answer : served.submit(400)) EXPECT_THAT(answer.get(), IsOk());
}

TEST(Batching, SplitsInputsOfMoreThanMaxBatch) {
  ModelOptions options;
  options.max_batch = 4;
  Served served(options);
  auto inputs = Tensor::zeros(DType::kF32, {10, 2}).value();
  for (int i = 0; i < 20; ++i)
    inputs.mutable_values<float>().value()[static_cast<std::size_t>(i)] = static_cast<float>(i);
  const auto outputs = served.model->run({{"x", inputs}});
  ASSERT_THAT(outputs, IsOk());
  const auto values = values_of((*outputs)[0].tensor);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(values[i], 2.0f * static_cast<float>(i));
  EXPECT_EQ(served.script->batch_sizes(), (std::vector<std::int64_t>{4, 4, 2}));
}

TEST(Batching, SplitsAnInputOfManyTimesMaxBatchInLinearTime) {
  ModelOptions options;
  options.max_batch = 1;
  Served served(options);
  constexpr std::int64_t kRows = 50000;
  served.script->compute = [](const Tensors& inputs) -> Result<Tensors> { return inputs; };
  const auto outputs = served.model->run({{"x", Tensor::zeros(DType::kF32, {kRows, 2}).value()}});
  ASSERT_THAT(outputs, IsOk());
  EXPECT_EQ((*outputs)[0].tensor.shape(), (Shape{kRows, 2}));
  EXPECT_EQ(served.stats().batches, static_cast<std::uint64_t>(kRows));
}

TEST(Batching, WaitsForOthersAsLongAsItIsTold) {
  ModelOptions options;
  options.max_delay = 300ms;
  Served served(options);
  served.script->compute = &slow_double;
  for (auto& answer : served.submit(200)) ASSERT_THAT(answer.get(), IsOk());  // learns that sixteen pay
  const std::size_t before = served.script->calls();
  auto first = served.pipeline->submit(row({1, 1}));
  while (served.stats().waiting == 0) std::this_thread::yield();
  auto second = served.pipeline->submit(row({2, 1}));
  EXPECT_THAT(first.get(), IsOk());
  EXPECT_THAT(second.get(), IsOk());
  EXPECT_EQ(served.script->calls(), before + 1) << "one batch of two";
}

TEST(Batching, DoesNotComputeQueuedCallsThatAreCancelledOrPastTheirDeadline) {
  const auto time = std::make_shared<test::ManualTime>();
  Served served({}, row_signature(), 2, time);
  served.script->gate.close();
  auto first = served.submit(1);
  served.script->gate.wait_for_arrivals(1);
  RunOptions cancelled;
  cancelled.cancel = CancelToken::create();
  auto second = served.submit(1, cancelled);
  auto third = served.submit(1, within(20ms, *time));
  while (served.stats().waiting < 2) std::this_thread::yield();
  cancelled.cancel.cancel();
  time->advance(25ms);
  served.script->gate.open();
  EXPECT_THAT(first[0].get(), IsOk());
  EXPECT_THAT(second[0].get(), HasCode(ErrorCode::kCancelled));
  EXPECT_THAT(third[0].get(), HasCode(ErrorCode::kDeadlineExceeded));
  EXPECT_EQ(served.script->calls(), 1u);
  const RejectCounts rejects = served.stats().rejects;
  EXPECT_EQ(rejects[static_cast<std::size_t>(ErrorReason::kCancelled)], 1u);
  EXPECT_EQ(rejects[static_cast<std::size_t>(ErrorReason::kDeadlinePassed)], 1u);
}

TEST(ModelStats, ModelsOfOneNameAreToldApart) {
  Served served;
  const Model second = test::make_fake_model(served.script, served.runtime);
  EXPECT_THAT(served.pipeline->run(row({1, 2})), IsOk());
  const std::string page = to_prometheus(served.runtime.stats());
  EXPECT_THAT(page, testing::HasSubstr("gantry_model_calls_total{model=\"fake\"} 1\n"));
  EXPECT_THAT(page, testing::HasSubstr("gantry_model_calls_total{model=\"fake#2\"} 0\n"));
  EXPECT_THAT(page, testing::HasSubstr("gantry_model_batch_samples_bucket{model=\"fake\",le=\"1\"} 1\n"));
  EXPECT_THAT(page, testing::HasSubstr("gantry_model_batch_samples_sum{model=\"fake\"} 1\n"));
}

TEST(ModelStats, CountsWhatTheSignatureRefuses) {
  Served served;
  EXPECT_THAT(served.pipeline->run(row({1, 2, 3})), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(served.model->run({}), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_EQ(served.stats().bad_inputs, 2u);
  EXPECT_EQ(served.stats().calls, 0u);
}

TEST(Health, AHangingCallIsReportedAndTheModelTakesNoMore) {
  ModelOptions options;
  options.hang_after = 10ms;
  const auto time = std::make_shared<test::ManualTime>();
  Served served(options, row_signature(), 2, time);
  EXPECT_TRUE(served.runtime.health().is_ready);
  served.script->gate.close();
  auto hanging = served.submit(1);
  served.script->gate.wait_for_arrivals(1);
  time->advance(20ms);
  const Health health = served.runtime.health();
  EXPECT_FALSE(health.is_ready);
  EXPECT_THAT(health.reasons,
              testing::ElementsAre(testing::HasSubstr("model 'fake': an engine call has not returned")));
  const auto refused = served.pipeline->run(row({1, 1}));
  EXPECT_THAT(refused, HasCode(ErrorCode::kUnavailable));
  EXPECT_EQ(refused.error().reason(), ErrorReason::kUnhealthy);
  served.script->gate.open();
  EXPECT_THAT(hanging[0].get(), IsOk());
  EXPECT_TRUE(served.runtime.health().is_ready);
  EXPECT_THAT(served.pipeline->run(row({1, 1})), IsOk());
}

TEST(Health, AnInputOfManyEngineCallsDoesNotHang) {
  ModelOptions options;
  options.hang_after = 200ms;
  options.max_batch = 1;
  const auto time = std::make_shared<test::ManualTime>();
  Served served(options, row_signature(), 2, time);
  served.script->compute = [&](const Tensors& inputs) {
    EXPECT_TRUE(served.runtime.health().is_ready);  // this call has begun now
    time->advance(10ms);
    return slow_double(inputs);
  };
  const Tensor all = Tensor::zeros(DType::kF32, {40, 2}).value();
  EXPECT_THAT(served.model->run({{"x", all}}), IsOk());
}

TEST(Health, AFailedDeviceStaysFailed) {
  Served served;
  served.script->compute = [](const Tensors&) -> Result<Tensors> {
    return Error(ErrorCode::kUnavailable, "illegal memory access").with_reason(ErrorReason::kUnhealthy);
  };
  EXPECT_THAT(served.pipeline->run(row({1, 1})), HasCode(ErrorCode::kUnavailable));
  EXPECT_THAT(served.pipeline->run(row({1, 1})), HasCode(ErrorCode::kUnavailable));
  EXPECT_EQ(served.script->calls(), 1u);
  EXPECT_FALSE(served.runtime.health().is_ready);
  EXPECT_THAT(to_prometheus(served.runtime.stats()), testing::HasSubstr("gantry_model_ready{model=\"fake\"} 0\n"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
