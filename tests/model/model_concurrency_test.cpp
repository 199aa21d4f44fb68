// SPDX-License-Identifier: Apache-2.0
// Many calls, few instances: who waits, who is woken, and that nobody waits for ever.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <gantry/model.hpp>
#include <gantry/pipeline.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FakeScript;
using test::HasCode;
using test::IsOk;
using test::make_fake_model;
using test::make_runtime;
using test::row;
using test::row_signature;
using test::values_of;

TEST(ModelInstances, RunAtOnceAndNoMoreThanThereAre) {
  const auto script = std::make_shared<FakeScript>();
  const Runtime runtime = make_runtime(4);
  const Model model = make_fake_model(script, runtime, 2, 1);
  const auto pipeline = compile(model.stage(), runtime).value();
  script->gate.close();
  std::vector<std::future<Result<Tensor>>> answers;
  for (int i = 0; i < 8; ++i) answers.push_back(pipeline.submit(row({1, 2})));
  script->gate.wait_for_arrivals(2);
  script->gate.open();
  for (auto& answer : answers) EXPECT_THAT(answer.get(), IsOk());
  EXPECT_EQ(script->most_at_once(), 2);
  EXPECT_EQ(script->calls(), 8u);
}

TEST(ModelInstances, WaitingCallsHoldNoWorker) {
  const auto script = std::make_shared<FakeScript>();
  const Runtime runtime = make_runtime(2);
  const Model model = make_fake_model(script, runtime, 1);
  const auto with_model = compile(model.stage(), runtime).value();
  const auto without = compile(stage("add", [](int x) { return x + 1; }), runtime).value();
  script->gate.close();
  std::vector<std::future<Result<Tensor>>> answers;
  for (int i = 0; i < 6; ++i) answers.push_back(with_model.submit(row({1, 2})));
  script->gate.wait_for_arrivals(1);     // one worker is inside the engine, five calls wait for its instance
  EXPECT_EQ(without.run(1).value(), 2);  // the other worker is free
  script->gate.open();
  for (auto& answer : answers) EXPECT_THAT(answer.get(), IsOk());
}

TEST(ModelInstances, WaitingCallsAreServedInOrder) {
  const auto script = std::make_shared<FakeScript>();
  std::vector<float> order;
  script->compute = [&order](const Tensors& inputs) -> Result<Tensors> {
    const auto values = values_of(inputs[0].tensor);  // one instance: one call at a time
    for (std::size_t i = 0; i < values.size(); i += 2) order.push_back(values[i]);
    return Tensors{{"", inputs[0].tensor}};
  };
  const Runtime runtime = make_runtime(1);
  const Model model = make_fake_model(script, runtime, 1);
  const auto pipeline = compile(model.stage(), runtime).value();
  script->gate.close();
  std::vector<std::future<Result<Tensor>>> answers;
  for (int i = 0; i < 5; ++i) answers.push_back(pipeline.submit(row({static_cast<float>(i), 0})));
  script->gate.open();
  for (auto& answer : answers) EXPECT_THAT(answer.get(), IsOk());
  EXPECT_EQ(order, (std::vector<float>{0, 1, 2, 3, 4}));
}

TEST(ModelInstances, ACallThatWaitedTooLongIsNotRun) {
  const auto script = std::make_shared<FakeScript>();
  const Runtime runtime = make_runtime(2);
  const Model model = make_fake_model(script, runtime, 1);
  const auto pipeline = compile(model.stage(), runtime).value();
  script->gate.close();
  auto running = pipeline.submit(row({1, 2}));
  script->gate.wait_for_arrivals(1);
  RunOptions cancellable;
  cancellable.cancel = CancelToken::create();
  auto waiting = pipeline.submit(row({3, 4}), cancellable);
  // Once another request has passed the only free worker, the cancellable one waits in the model's list.
  EXPECT_THAT(compile(stage("pass", [](int x) { return x; }), runtime).value().run(1), IsOk());
  cancellable.cancel.cancel();
  script->gate.open();
  EXPECT_THAT(running.get(), IsOk());
  EXPECT_THAT(waiting.get(), HasCode(ErrorCode::kCancelled));
  EXPECT_EQ(script->calls(), 1u);
}

TEST(ModelInstances, ABlockedCallerGivesUpAtItsDeadline) {
  const auto script = std::make_shared<FakeScript>();
  const Model model = make_fake_model(script, make_runtime(1, Execution::kCaller), 1);
  script->gate.close();
  std::thread holder([&] { EXPECT_THAT(model.run({{"x", Tensor::zeros(DType::kF32, {1, 2}).value()}}), IsOk()); });
  script->gate.wait_for_arrivals(1);
  const RunOptions soon(within(std::chrono::milliseconds(20)));
  EXPECT_THAT(model.run({{"x", Tensor::zeros(DType::kF32, {1, 2}).value()}}, soon),
              HasCode(ErrorCode::kDeadlineExceeded));
  script->gate.open();
  holder.join();
  EXPECT_EQ(script->calls(), 1u);
}

// Requests that wait in the list and pipelines that run in place on a worker, and so block it, compete for one
// instance. Neither may wait for the other for ever.
TEST(ModelInstances, BlockedWorkersAndWaitingCallsDoNotDeadlock) {
  for (int workers = 1; workers <= 3; ++workers) {
    const auto script = std::make_shared<FakeScript>();
    const Runtime runtime = make_runtime(workers);
    const Model model = make_fake_model(script, runtime, 1);
    const auto inner = compile(model.stage(), runtime).value();
    const auto nested =
        compile(
            stage("nested", [inner](Tensor x) -> Result<Tensor> { return inner.run(std::move(x)); }) | model.stage(),
            runtime)
            .value();
    std::vector<std::future<Result<Tensor>>> answers;
    for (int i = 0; i < 200; ++i) {
      answers.push_back(nested.submit(row({1, 0})));
      answers.push_back(inner.submit(row({1, 0})));
    }
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Tensor result = answers[i].get().value();
      EXPECT_EQ(values_of(result)[0], i % 2 == 0 ? 4.0f : 2.0f);
    }
    EXPECT_EQ(script->most_at_once(), 1);
  }
}

TEST(ModelInstances, CallersOfTheirOwnThreadsShareThem) {
  const auto script = std::make_shared<FakeScript>();
  const Runtime runtime = make_runtime(1, Execution::kCaller);
  const Model model = make_fake_model(script, runtime, 2);
  const auto pipeline = compile(model.stage(), runtime).value();
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const auto value = static_cast<float>(t * 100 + i);
        EXPECT_EQ(values_of(pipeline.run(row({value, 0})).value())[0], 2 * value);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(script->calls(), 800u);
  EXPECT_LE(script->most_at_once(), 2);
}

TEST(ModelInstances, ShutdownAnswersTheCallsThatWaitForOne) {
  const auto script = std::make_shared<FakeScript>();
  Runtime runtime = make_runtime(2);
  const Model model = make_fake_model(script, runtime, 1);
  const auto pipeline = compile(model.stage(), runtime).value();
  script->gate.close();
  auto running = pipeline.submit(row({1, 2}));
  script->gate.wait_for_arrivals(1);
  auto waiting = pipeline.submit(row({3, 4}));
  EXPECT_THAT(compile(stage("pass", [](int x) { return x; }), runtime).value().run(1), IsOk());
  std::thread stopper([&] { EXPECT_THAT(runtime.shutdown(), IsOk()); });
  EXPECT_THAT(waiting.get(), HasCode(ErrorCode::kUnavailable));
  script->gate.open();
  stopper.join();
  EXPECT_THAT(running.get(), IsOk());
  EXPECT_THAT(model.run({{"x", Tensor::zeros(DType::kF32, {1, 2}).value()}}), HasCode(ErrorCode::kUnavailable));
}

// A request that is past the queue when the shutdown begins, and asks for an instance only after the shutdown has let
// go of all calls that waited, is answered when the instance comes back.
TEST(ModelInstances, ShutdownAnswersACallThatBeginsToWaitDuringIt) {
  const auto script = std::make_shared<FakeScript>();
  const auto gate = std::make_shared<test::Gate>();
  Runtime runtime = make_runtime(2);
  const Model model = make_fake_model(script, runtime, 1);
  const auto direct = compile(model.stage(), runtime).value();
  const auto held = compile(stage("hold",
                                  [gate](Tensor x) {
                                    gate->pass();
                                    return x;
                                  }) |
                                model.stage(),
                            runtime)
                        .value();
  script->gate.close();
  gate->close();
  auto running = direct.submit(row({1, 2}));
  script->gate.wait_for_arrivals(1);
  auto waiting = direct.submit(row({3, 4}));
  auto late = held.submit(row({5, 6}));
  gate->wait_for_arrivals(1);
  std::thread stopper([&] { EXPECT_THAT(runtime.shutdown(), IsOk()); });
  EXPECT_THAT(waiting.get(), HasCode(ErrorCode::kUnavailable));  // the shutdown has looked at the model's list
  gate->open();
  while (held.stats()[1].samples == 0) std::this_thread::yield();  // it is at the model
  script->gate.open();
  const auto answer = late.get();
  EXPECT_TRUE(answer.ok() || answer.error().code() == ErrorCode::kUnavailable);
  EXPECT_THAT(running.get(), IsOk());
  stopper.join();
}

TEST(ModelInstances, OutliveTheHandleWhileACallRuns) {
  const auto script = std::make_shared<FakeScript>();
  auto runtime = std::make_unique<Runtime>(make_runtime(1));
  auto model = std::make_unique<Model>(make_fake_model(script, *runtime));
  auto pipeline = std::make_unique<Pipeline<Tensor, Tensor>>(compile(model->stage(), *runtime).value());
  model.reset();
  runtime.reset();
  script->gate.close();
  auto answer = pipeline->submit(row({1, 2}));
  script->gate.wait_for_arrivals(1);
  std::thread destroyer([&] { pipeline.reset(); });  // waits for the call
  script->gate.open();
  EXPECT_EQ(values_of(answer.get().value()), (std::vector<float>{2, 4}));
  destroyer.join();
  EXPECT_EQ(script.use_count(), 1);  // engine and instances are gone
}

TEST(ModelConcurrency, AModelInCallerExecutionServesAPooledPipeline) {
  const Model model = make_fake_model(std::make_shared<FakeScript>(), make_runtime(1, Execution::kCaller));
  const auto pipeline = compile(model.stage(), make_runtime(2)).value();
  EXPECT_EQ(values_of(pipeline.run(row({1, 2})).value()), (std::vector<float>{2, 4}));
  EXPECT_EQ(values_of(pipeline.submit(row({1, 2})).get().value()), (std::vector<float>{2, 4}));
}

TEST(ModelConcurrency, RefusesANullEngineOrBackend) {
  EXPECT_THAT(Model::make(std::unique_ptr<Engine>(), row_signature(), {}), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(Model::make(std::shared_ptr<Backend>(), row_signature(), BackendOptions{}),
              HasCode(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
