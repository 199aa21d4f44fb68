// SPDX-License-Identifier: Apache-2.0
// Runtime: limits of its options, admission, shutdown and lifetime. Requests are held by a gate, never by a sleep.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <gantry/pipeline.hpp>
#include <gantry/runtime.hpp>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "runtime/cpu_budget.hpp"
#include "support/fake_engine.hpp"
#include "support/gate.hpp"
#include "support/held_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::Counter;
using test::FailsWith;
using test::Gate;
using test::HasCode;
using test::held_stage;
using test::IsOk;
using test::make_runtime;

TEST(Runtime, SharedIsOneUntilItsLastHolderGoes) {
  auto first = std::make_unique<Runtime>(Runtime::shared().value());
  auto second = std::make_unique<Runtime>(Runtime::shared().value());
  EXPECT_EQ(first->core(), second->core());
  const std::weak_ptr<detail::RuntimeCore> core = first->core();
  first.reset();
  EXPECT_FALSE(core.expired());
  second.reset();
  EXPECT_TRUE(core.expired());
  EXPECT_THAT(Runtime::shared(), IsOk());
}

TEST(Runtime, IsHeldByItsPipelines) {
  auto runtime = std::make_unique<Runtime>(make_runtime(1));
  const auto pipeline = compile(stage("add", [](int x) { return x + 1; }), *runtime).value();
  runtime.reset();
  EXPECT_EQ(pipeline.run(1).value(), 2);
}

TEST(Runtime, NamesItsThreadsAndHasAsManyAsAsked) {
  const Runtime runtime = make_runtime(3);
  const auto gate = std::make_shared<Gate>();
  gate->close();
  const auto pipeline = compile(stage("name",
                                      [gate](int) {
                                        gate->pass();
                                        char name[32] = "";
                                        ::pthread_getname_np(::pthread_self(), name, sizeof name);
                                        return std::string(name);
                                      }),
                                runtime)
                            .value();
  std::vector<std::future<Result<std::string>>> answers;
  for (int i = 0; i < 3; ++i) answers.push_back(pipeline.submit(i));
  gate->wait_for_arrivals(3);  // all three workers are inside
  gate->open();
  std::set<std::string> names;
  for (auto& answer : answers) names.insert(answer.get().value());
  EXPECT_EQ(names, (std::set<std::string>{"gantry-0", "gantry-1", "gantry-2"}));
}

TEST(Runtime, RefusesMoreThanMaxInFlight) {
  const Runtime runtime = make_runtime(1, Execution::kPooled, 2);
  const auto gate = std::make_shared<Gate>();
  gate->close();
  const auto pipeline = compile(held_stage(gate), runtime).value();
  auto running = pipeline.submit(1);
  auto queued = pipeline.submit(2);
  gate->wait_for_arrivals(1);
  EXPECT_EQ(runtime.in_flight(), 2u);
  EXPECT_THAT(pipeline.run(3), FailsWith(ErrorCode::kResourceExhausted, "the limit is max_in_flight = 2"));
  EXPECT_THAT(pipeline.submit(4).get(), HasCode(ErrorCode::kResourceExhausted));
  gate->open();
  EXPECT_EQ(running.get().value(), 2);
  EXPECT_EQ(queued.get().value(), 3);
  EXPECT_EQ(pipeline.run(5).value(), 6);  // there is room again
  EXPECT_EQ(runtime.in_flight(), 0u);
}

TEST(Runtime, ABlockedCallerGivesUpAtItsDeadline) {
  const Runtime runtime = make_runtime(1);
  const auto gate = std::make_shared<Gate>();
  gate->close();
  const auto pipeline = compile(held_stage(gate), runtime).value();
  auto running = pipeline.submit(1);
  gate->wait_for_arrivals(1);
  EXPECT_THAT(pipeline.run(2, within(std::chrono::milliseconds(20))), HasCode(ErrorCode::kDeadlineExceeded));
  gate->open();
  EXPECT_EQ(running.get().value(), 2);
  EXPECT_EQ(pipeline.run(3).value(), 4);
  EXPECT_EQ(gate->arrived(), 2u) << "what was given up before it began is not computed";
}

TEST(Runtime, RefusesRequestsThatAreCancelledOrPastTheirDeadlineOnAdmission) {
  const Runtime runtime = make_runtime(1, Execution::kPooled, 1);
  const auto gate = std::make_shared<Gate>();
  gate->close();
  const auto pipeline = compile(held_stage(gate), runtime).value();
  auto running = pipeline.submit(1);
  gate->wait_for_arrivals(1);
  RunOptions cancelled;
  cancelled.cancel = CancelToken::create();
  cancelled.cancel.cancel();
  EXPECT_THAT(pipeline.run(2, cancelled), HasCode(ErrorCode::kCancelled));
  EXPECT_THAT(pipeline.run(2, within(std::chrono::seconds(-1))), HasCode(ErrorCode::kDeadlineExceeded));
  gate->open();
  EXPECT_THAT(running.get(), IsOk());
}

TEST(Runtime, AFarDeadlineIsNoDeadline) {
  const auto pipeline = compile(stage("add", [](int x) { return x + 1; }), make_runtime(1)).value();
  EXPECT_THAT(pipeline.run(1, within(std::chrono::hours::max())), IsOk());
  EXPECT_THAT(pipeline.run(1, within(std::chrono::nanoseconds::max())), IsOk());
  EXPECT_THAT(pipeline.run(1, within(std::chrono::hours::min())), HasCode(ErrorCode::kDeadlineExceeded));
}

TEST(Runtime, SharedIsMadeAnewOnceItWasShutDown) {
  Runtime first = Runtime::shared().value();
  ASSERT_THAT(first.shutdown(), IsOk());
  const auto pipeline = compile(stage("add", [](int x) { return x + 1; }));
  ASSERT_THAT(pipeline, IsOk());
  EXPECT_EQ(pipeline->run(1).value(), 2);
}

TEST(Runtime, ShutdownWaitsForCallersInCallerExecution) {
  Runtime runtime = make_runtime(1, Execution::kCaller);
  const auto gate = std::make_shared<Gate>();
  gate->close();
  const auto pipeline = compile(held_stage(gate), runtime).value();
  std::atomic<bool> has_answer{false};
  std::thread caller([&] {
    EXPECT_EQ(pipeline.run(1).value(), 2);
    has_answer = true;
  });
  gate->wait_for_arrivals(1);
  std::thread opener([&] { gate->open(); });
  EXPECT_THAT(runtime.shutdown(), IsOk());
  EXPECT_EQ(runtime.in_flight(), 0u);
  caller.join();
  opener.join();
  EXPECT_TRUE(has_answer);
}

TEST(Runtime, ANestedCallOfACallerIsPartOfItsRequest) {
  const Runtime runtime = make_runtime(1, Execution::kCaller, 1);
  const auto inner = compile(stage("add", [](int x) { return x + 1; }), runtime).value();
  const auto outer = compile(stage("nest", [&inner](int x) { return inner.run(x); }), runtime).value();
  EXPECT_EQ(outer.run(1).value(), 2);
  EXPECT_EQ(outer.run(1).value(), 2);
}

TEST(Runtime, AChildOfForkIsToldAndCanExit) {
  const Runtime runtime = make_runtime(1);
  const auto pipeline = compile(stage("add", [](int x) { return x + 1; }), runtime).value();
  const Model model = test::make_fake_model(std::make_shared<test::FakeScript>(), runtime);
  const Tensors inputs{{"x", Tensor::zeros(DType::kF32, {1, 2}).value()}};
  ASSERT_EQ(pipeline.run(1).value(), 2);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto result = pipeline.run(1);
    const auto raw = model.run(inputs);
    const bool is_told = !result && result.error().code() == ErrorCode::kFailedPrecondition && !raw &&
                         raw.error().code() == ErrorCode::kFailedPrecondition;
    const auto own = compile(stage("add", [](int x) { return x + 1; }), make_runtime(1));
    const bool can_start_anew = own && own->run(1).value_or(0) == 2;
    ::_exit(is_told && can_start_anew ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(pipeline.run(2).value(), 3) << "the parent goes on";
}

TEST(Runtime, CountsCallersInCallerExecutionToo) {
  const Runtime runtime = make_runtime(1, Execution::kCaller, 1);
  const auto gate = std::make_shared<Gate>();
  gate->close();
  const auto pipeline = compile(held_stage(gate), runtime).value();
  std::thread caller([&] { EXPECT_EQ(pipeline.run(1).value(), 2); });
  gate->wait_for_arrivals(1);
  EXPECT_THAT(pipeline.run(2), HasCode(ErrorCode::kResourceExhausted));
  gate->open();
  caller.join();
  EXPECT_EQ(pipeline.run(2).value(), 3);
}

TEST(Runtime, ShutdownCancelsQueuedRequestsAndWaitsForRunningOnes) {
  Runtime runtime = make_runtime(1);
  const auto gate = std::make_shared<Gate>();
  gate->close();
  const auto pipeline = compile(held_stage(gate), runtime).value();
  auto running = pipeline.submit(1);
  gate->wait_for_arrivals(1);
  auto queued = pipeline.submit(2);
  std::atomic<bool> is_down{false};
  std::thread stopper([&] {
    EXPECT_THAT(runtime.shutdown(), IsOk());
    is_down = true;
  });
  EXPECT_THAT(queued.get(), FailsWith(ErrorCode::kUnavailable, "the runtime was shut down before the request could"));
  EXPECT_FALSE(is_down.load());  // the running one is still at the gate
  gate->open();
  stopper.join();
  EXPECT_EQ(running.get().value(), 2);
}

TEST(Runtime, ShutdownIsIdempotentAndRefusesLaterCalls) {
  Runtime runtime = make_runtime(2);
  const auto pipeline = compile(stage("add", [](int x) { return x + 1; }), {runtime}).value();
  EXPECT_THAT(runtime.shutdown(), IsOk());
  EXPECT_THAT(runtime.shutdown(), IsOk());
  EXPECT_THAT(pipeline.run(1), FailsWith(ErrorCode::kUnavailable, "the runtime was shut down"));
  EXPECT_THAT(pipeline.submit(1).get(), HasCode(ErrorCode::kUnavailable));
  const std::vector<int> inputs = {1, 2};
  for (const auto& result : pipeline.run_batch(inputs)) EXPECT_THAT(result, HasCode(ErrorCode::kUnavailable));
}

TEST(Runtime, ShutdownFromItsOwnWorkerIsRefused) {
  for (const bool callers_help : {false, true}) {
    const Runtime runtime = callers_help ? make_runtime(1) : test::make_runtime_of_workers(1);
    const auto stopping = compile(stage("stop",
                                        [handle = std::make_shared<Runtime>(runtime)](int x) -> Result<int> {
                                          if (auto stopped = handle->shutdown(); !stopped) return stopped.error();
                                          return x;
                                        }),
                                  runtime)
                              .value();
    EXPECT_THAT(stopping.run(1), FailsWith(ErrorCode::kFailedPrecondition, "one of its own workers"));
    EXPECT_EQ(compile(stage("add", [](int x) { return x + 1; }), runtime).value().run(1).value(), 2);
  }
}

TEST(Runtime, IsShutDownFromTheWorkerOfAnother) {
  Runtime one = make_runtime(1);
  const auto two = std::make_shared<Runtime>(make_runtime(1));
  const auto stopping = compile(stage("stop", [two](int x) { return two->shutdown().ok() ? x : -1; }), one).value();
  EXPECT_EQ(stopping.run(1).value(), 1);
  const auto pipeline = compile(stage("add", [](int x) { return x + 1; }), *two).value();
  EXPECT_THAT(pipeline.run(1), HasCode(ErrorCode::kUnavailable));
}

TEST(Runtime, DestructorCancelsAndWaits) {
  auto runtime = std::make_unique<Runtime>(make_runtime(1));
  const auto gate = std::make_shared<Gate>();
  gate->close();
  auto pipeline = std::make_optional(compile(held_stage(gate), *runtime).value());
  std::atomic<bool> was_answered{false};
  Counter cancelled;
  pipeline->submit(1, {}, [&](Result<int> result) {
    EXPECT_THAT(result, IsOk());
    was_answered = true;
  });
  gate->wait_for_arrivals(1);
  pipeline->submit(2, {}, [&](Result<int> result) {
    EXPECT_THAT(result, HasCode(ErrorCode::kUnavailable));
    cancelled.add();
    gate->open();  // lets the running one end only now
  });
  runtime.reset();
  pipeline.reset();  // the last holder: returns when the running request has been answered
  EXPECT_EQ(cancelled.count(), 1u);
  EXPECT_TRUE(was_answered.load());
}

TEST(Runtime, MayLoseItsLastHolderOnItsOwnWorker) {
  const auto gate = std::make_shared<Gate>();
  gate->close();
  auto holder = std::make_shared<std::optional<Pipeline<int, int>>>();
  holder->emplace(compile(held_stage(gate), make_runtime(2)).value());
  std::promise<void> promise;
  auto ended = promise.get_future();
  (*holder)->submit(1, {}, [holder, &promise](Result<int> result) {
    EXPECT_THAT(result, IsOk());
    holder->reset();  // the pipeline, and with it the runtime, goes here
    promise.set_value();
  });
  gate->wait_for_arrivals(1);
  gate->open();
  ended.get();
}

TEST(Runtime, CanBeMadeAndDestroyedManyTimes) {
  for (int i = 0; i < 200; ++i) {
    const Runtime runtime = make_runtime(1 + i % 3);
    const auto pipeline = compile(stage("add", [](int x) { return x + 1; }), runtime).value();
    std::vector<std::future<Result<int>>> answers;
    for (int k = 0; k < i % 4; ++k) answers.push_back(pipeline.submit(k));
    if (i % 2 == 0) {
      EXPECT_EQ(pipeline.run(i).value(), i + 1);
    }
    for (int k = 0; k < i % 4; ++k) EXPECT_EQ(answers[static_cast<std::size_t>(k)].get().value(), k + 1);
  }
}

TEST(Runtime, AnswersEachRequestOnceWhenItIsShutDownUnderLoad) {
  for (int round = 0; round < 20; ++round) {
    Runtime runtime = make_runtime(2);
    const auto pipeline = compile(stage("add", [](int x) { return x + 1; }), runtime).value();
    constexpr int kThreads = 4;
    constexpr int kRequests = 100;
    std::vector<std::atomic<int>> answers(kThreads * kRequests);
    std::vector<std::thread> threads;
    Counter started;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kRequests; ++i) {
          const auto index = static_cast<std::size_t>(t * kRequests + i);
          pipeline.submit(i, {}, [&answers, index, i](Result<int> result) {
            EXPECT_EQ(result ? *result : i + 1, i + 1);
            ++answers[index];
          });
          if (i == kRequests / 4) started.add();
        }
      });
    }
    started.wait_for(1);
    EXPECT_THAT(runtime.shutdown(), IsOk());
    for (std::thread& thread : threads) thread.join();
    for (const auto& count : answers) EXPECT_EQ(count.load(), 1);
    EXPECT_EQ(runtime.in_flight(), 0u);
  }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
