// SPDX-License-Identifier: Apache-2.0
// Pipeline::submit: callbacks and futures are answered exactly once, whatever goes wrong.
#include <gtest/gtest.h>
#include <gantry/pipeline.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/gate.hpp"
#include "support/held_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::Counter;
using test::FakeScript;
using test::Gate;
using test::HasCode;
using test::held_stage;
using test::IsOk;
using test::make_fake_model;
using test::make_runtime;
using test::row;
using test::values_of;

Stage<int, int> add(int n) {
  return stage("add", [n](int x) { return x + n; });
}

class SubmitTest : public ::testing::TestWithParam<Execution> {
 protected:
  Runtime runtime_ = make_runtime(2, GetParam());
};

INSTANTIATE_TEST_SUITE_P(Executions, SubmitTest, ::testing::Values(Execution::kPooled, Execution::kCaller),
                         [](const auto& execution) {
                           return execution.param == Execution::kPooled ? "Pooled" : "Caller";
                         });

TEST_P(SubmitTest, AnswersFutures) {
  const auto pipeline = compile(add(1), runtime_).value();
  std::vector<std::future<Result<int>>> answers;
  for (int i = 0; i < 100; ++i) answers.push_back(pipeline.submit(i));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(answers[static_cast<std::size_t>(i)].get().value(), i + 1);
}

TEST_P(SubmitTest, CallsTheCallbackOnceOnTheRightThread) {
  const auto pipeline = compile(add(1), runtime_).value();
  std::promise<std::thread::id> promise;
  pipeline.submit(1, {}, [&](Result<int> result) {
    EXPECT_EQ(result.value(), 2);
    promise.set_value(std::this_thread::get_id());  // a second call would throw
  });
  EXPECT_EQ(promise.get_future().get() == std::this_thread::get_id(), GetParam() == Execution::kCaller);
}

TEST_P(SubmitTest, DropsWhatTheCallbackThrows) {
  const auto pipeline = compile(add(1), runtime_).value();
  Counter calls;
  const auto thrower = [&](Result<int>) {
    calls.add();
    throw std::runtime_error("the host's own business");
  };
  EXPECT_NO_THROW(pipeline.submit(1, {}, thrower));
  calls.wait_for(1);
  EXPECT_EQ(pipeline.run(1).value(), 2);
  EXPECT_THAT(runtime_.shutdown(), IsOk());
  EXPECT_NO_THROW(pipeline.submit(1, {}, thrower));  // refused: the callback runs on this thread
  EXPECT_EQ(calls.count(), 2u);
}

TEST_P(SubmitTest, LetsTheCallbackRunAnotherRequest) {
  const auto pipeline = compile(add(1), runtime_).value();
  std::promise<int> promise;
  pipeline.submit(1, {}, [&](Result<int> first) {
    const int second = pipeline.run(first.value()).value();
    pipeline.submit(second, {}, [&](Result<int> third) { promise.set_value(third.value()); });
  });
  EXPECT_EQ(promise.get_future().get(), 4);
}

TEST_P(SubmitTest, CountsTheRequestOutBeforeTheCallback) {
  // Whoever keeps one request going from its own callback never exceeds max_in_flight = 1.
  const Runtime narrow = make_runtime(1, GetParam(), 1);
  const auto pipeline = compile(add(1), narrow).value();
  std::promise<int> promise;
  const auto chain = std::make_shared<std::function<void(int)>>();
  *chain = [&, chain = chain.get()](int x) {
    if (x == 20) return promise.set_value(x);
    pipeline.submit(x, {}, [chain](Result<int> result) { (*chain)(result.value()); });
  };
  (*chain)(0);
  EXPECT_EQ(promise.get_future().get(), 20);
}

TEST_P(SubmitTest, AnswersErrorsWithTheirPath) {
  CompileOptions options(runtime_);
  options.name = "cats";
  const auto pipeline =
      compile(stage("fail", [](int) -> Result<int> { return Error(ErrorCode::kNotFound, "no such"); }), options)
          .value();
  EXPECT_EQ(pipeline.submit(1).get().error().to_string(), "not_found: pipeline 'cats' > stage 'fail': no such");
}

TEST_P(SubmitTest, TakesMoveOnlyCallbacksAndPayloads) {
  const auto pipeline =
      compile(stage("add", [](std::unique_ptr<int> x) { return std::make_unique<int>(*x + 1); }), runtime_).value();
  auto promise = std::make_unique<std::promise<int>>();
  auto answer = promise->get_future();
  pipeline.submit(std::make_unique<int>(1), {}, [promise = std::move(promise)](Result<std::unique_ptr<int>> result) {
    promise->set_value(*result.value());
  });
  EXPECT_EQ(answer.get(), 2);
}

TEST_P(SubmitTest, SurvivesThePipelineHandle) {
  const auto gate = std::make_shared<Gate>();
  auto pipeline = std::make_unique<Pipeline<int, int>>(compile(held_stage(gate), runtime_).value());
  if (GetParam() == Execution::kPooled) gate->close();
  auto answer = pipeline->submit(5);
  pipeline.reset();
  gate->open();
  EXPECT_EQ(answer.get().value(), 6);
}

TEST(Submit, ARequestCancelledInTheQueueIsNotStarted) {
  const Runtime runtime = make_runtime(1);
  const auto gate = std::make_shared<Gate>();
  gate->close();
  const auto pipeline = compile(held_stage(gate), runtime).value();
  auto running = pipeline.submit(1);
  gate->wait_for_arrivals(1);
  RunOptions options;
  options.cancel = CancelToken::create();
  auto queued = pipeline.submit(2, options);
  options.cancel.cancel();
  gate->open();
  EXPECT_THAT(running.get(), IsOk());
  EXPECT_THAT(queued.get(), HasCode(ErrorCode::kCancelled));
  EXPECT_EQ(gate->arrived(), 1u);
}

TEST(Submit, StartsInTheOrderOfSubmission) {
  const Runtime runtime = make_runtime(1);
  const auto order = std::make_shared<std::vector<int>>();
  const auto pipeline = compile(tap<int>("note", [order](const int& x) { order->push_back(x); }), runtime).value();
  std::vector<std::future<Result<int>>> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(pipeline.submit(i));
  for (auto& answer : answers) EXPECT_THAT(answer.get(), IsOk());
  for (int i = 0; i < 50; ++i) EXPECT_EQ((*order)[static_cast<std::size_t>(i)], i);
}

TEST(Submit, ContinuesAfterTheModelWithoutHoldingAWorker) {
  // Two models, one worker each would be held if waiting blocked: with one worker all of this still finishes.
  const Runtime runtime = make_runtime(1);
  const auto script = std::make_shared<FakeScript>();
  const Model model = make_fake_model(script, runtime, 1);
  const auto pipeline = compile(model.stage() | model.stage() | model.stage(), runtime).value();
  std::vector<std::future<Result<Tensor>>> answers;
  for (int i = 0; i < 100; ++i) answers.push_back(pipeline.submit(row({static_cast<float>(i), 0})));
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(values_of(answers[static_cast<std::size_t>(i)].get().value())[0], 8.0f * static_cast<float>(i));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
