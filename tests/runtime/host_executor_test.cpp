// SPDX-License-Identifier: Apache-2.0
// A runtime on the host's threads: what runs where, how much at a time, and what happens when the executor goes.
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <cfenv>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <future>
#include <gantry/pipeline.hpp>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/gate.hpp"
#include "support/held_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::FakeScript;
using test::Gate;
using test::HasCode;
using test::held_stage;
using test::IsOk;

/// A plain thread pool, as a host has one.
class HostPool final : public Executor {
 public:
  explicit HostPool(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  ~HostPool() override { stop(); }

  void post(Function<void()> task) override {
    const std::lock_guard lock(mutex_);
    if (is_refusing_) throw std::runtime_error("the pool is full");
    if (is_stopping_) return;  // dropped
    tasks_.push_back(std::move(task));
    ++posted_;
    changed_.notify_one();
  }
  void refuse() {
    const std::lock_guard lock(mutex_);
    is_refusing_ = true;
  }
  /// Ends without running what waits.
  void stop() {
    std::deque<Function<void()>> dropped;
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
      dropped.swap(tasks_);
      changed_.notify_all();
    }
    dropped.clear();
    for (std::thread& thread : threads_)
      if (thread.joinable()) thread.join();
  }
  std::size_t posted() const {
    const std::lock_guard lock(mutex_);
    return posted_;
  }

 private:
  void work() {
    ::pthread_setname_np(::pthread_self(), "host");
    std::fesetround(FE_UPWARD);
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return is_stopping_ || !tasks_.empty(); });
      if (is_stopping_) return;
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      EXPECT_EQ(std::fegetround(), FE_UPWARD);
      task = {};
      lock.lock();
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Function<void()>> tasks_;
  std::vector<std::thread> threads_;
  bool is_stopping_ = false;
  bool is_refusing_ = false;
  std::size_t posted_ = 0;
};

Runtime on(std::shared_ptr<Executor> executor, int workers) {
  RuntimeOptions options;
  options.executor = std::move(executor);
  options.workers = workers;
  options.allow_oversubscription = true;
  return Runtime::create(options).value();
}

std::string thread_name() {
  char name[32] = "";
  ::pthread_getname_np(::pthread_self(), name, sizeof name);
  return name;
}

TEST(HostExecutor, RunsEverythingOnTheHostsThreads) {
  const auto pool = std::make_shared<HostPool>(2);
  const Runtime runtime = on(pool, 2);
  const auto script = std::make_shared<FakeScript>();
  script->compute = [](const Tensors& inputs) -> Result<Tensors> {
    EXPECT_EQ(thread_name(), "host");
    EXPECT_EQ(std::fegetround(), FE_TONEAREST);
    return inputs;
  };
  const Model model = test::make_fake_model(script, runtime);
  const auto pipeline = compile(model.stage() | stage("name", [](const Tensor&) { return thread_name(); }), runtime);
  ASSERT_THAT(pipeline, IsOk());
  const Tensor input = test::row({1, 2});
  EXPECT_EQ(pipeline->run(input).value(), "host");
  EXPECT_EQ(pipeline->submit(input).get().value(), "host");
}

TEST(HostExecutor, HasAsManyTasksAsWorkersAtMost) {
  const auto pool = std::make_shared<HostPool>(4);
  const Runtime runtime = on(pool, 2);
  const auto gate = std::make_shared<Gate>();
  gate->close();
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  const auto pipeline = compile(stage("hold",
                                      [&](int x) {
                                        const int now = ++inside;
                                        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
                                        }
                                        gate->pass();
                                        --inside;
                                        return x;
                                      }),
                                runtime)
                            .value();
  std::vector<std::future<Result<int>>> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(pipeline.submit(i));
  gate->wait_for_arrivals(2);
  EXPECT_EQ(pool->posted(), 2u);
  gate->open();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(answers[static_cast<std::size_t>(i)].get().value(), i);
  EXPECT_EQ(most.load(), 2);
}

TEST(HostExecutor, KeepsTimersThoughNothingElseRuns) {
  const auto pool = std::make_shared<HostPool>(1);
  const Runtime runtime = on(pool, 1);
  const auto script = std::make_shared<FakeScript>();
  ModelOptions options;
  options.runtime = runtime;
  options.max_delay = std::chrono::milliseconds(2);  // the batch never fills: only its timer serves it
  const Model model = Model::make(std::make_unique<test::FakeEngine>(script), test::row_signature(), options).value();
  const Tensor input = test::row({1, 2});
  const auto pipeline = compile(model.stage(), runtime).value();
  for (int i = 0; i < 20; ++i) EXPECT_THAT(pipeline.run(input), IsOk());
}

TEST(HostExecutor, AnExecutorThatEndsCancelsQueuedRequests) {
  const auto pool = std::make_shared<HostPool>(1);
  Runtime runtime = on(pool, 1);
  const auto gate = std::make_shared<Gate>();
  gate->close();
  const auto pipeline = compile(held_stage(gate), runtime).value();
  auto running = pipeline.submit(1);
  auto waiting = pipeline.submit(2);
  gate->wait_for_arrivals(1);
  std::thread stopper([&] { pool->stop(); });
  gate->open();
  EXPECT_EQ(running.get().value(), 2);
  // Either it was begun before the pool stopped, or its task was dropped.
  const auto answer = waiting.get();
  if (!answer) {
    EXPECT_THAT(answer, FailsWith(ErrorCode::kUnavailable, "executor dropped the work"));
  }
  stopper.join();
  EXPECT_THAT(pipeline.run(3), FailsWith(ErrorCode::kUnavailable, "executor dropped the work"));
  EXPECT_THAT(runtime.shutdown(), IsOk());
}

TEST(HostExecutor, OneThatThrowsFailsTheRequestAlone) {
  const auto pool = std::make_shared<HostPool>(1);
  const Runtime runtime = on(pool, 1);
  const auto pipeline = compile(stage("add", [](int x) { return x + 1; }), runtime).value();
  EXPECT_EQ(pipeline.run(1).value(), 2);
  pool->refuse();
  EXPECT_THAT(pipeline.run(1), FailsWith(ErrorCode::kUnavailable, "executor dropped the work"));
}

TEST(HostExecutor, ShutdownCancelsQueuedRequestsAndWaitsForRunningOnes) {
  const auto pool = std::make_shared<HostPool>(2);
  Runtime runtime = on(pool, 1);
  const auto gate = std::make_shared<Gate>();
  gate->close();
  const auto pipeline = compile(held_stage(gate), runtime).value();
  auto running = pipeline.submit(1);
  auto queued = pipeline.submit(2);
  gate->wait_for_arrivals(1);
  std::atomic<bool> is_down{false};
  std::thread stopper([&] {
    EXPECT_THAT(runtime.shutdown(), IsOk());
    is_down = true;
  });
  EXPECT_THAT(queued.get(), HasCode(ErrorCode::kUnavailable));
  EXPECT_FALSE(is_down.load());
  gate->open();
  stopper.join();
  EXPECT_EQ(running.get().value(), 2);
  EXPECT_THAT(pipeline.run(3), HasCode(ErrorCode::kUnavailable));
}

TEST(HostExecutor, ShutdownFromATaskIsRefused) {
  const auto pool = std::make_shared<HostPool>(1);
  const auto runtime = std::make_shared<Runtime>(on(pool, 1));
  const auto pipeline = compile(stage("stop", [&](int x) { return runtime->shutdown().ok() ? -1 : x; }), *runtime);
  ASSERT_THAT(pipeline, IsOk());
  EXPECT_EQ(pipeline->run(1).value(), 1);
}

TEST(HostExecutor, ARuntimeMayBeDestroyedOnOneOfItsTasks) {
  const auto pool = std::make_shared<HostPool>(1);
  for (int i = 0; i < 50; ++i) {
    auto runtime = std::make_shared<Runtime>(on(pool, 1));
    auto pipeline =
        std::make_shared<Pipeline<int, int>>(compile(stage("add", [](int x) { return x + 1; }), *runtime).value());
    std::promise<int> answered;
    auto answer = answered.get_future();
    auto& call = *pipeline;
    std::promise<void> submitted;
    auto is_submitted = submitted.get_future().share();
    call.submit(i, {}, [&answered, is_submitted, pipeline = std::move(pipeline)](Result<int> result) mutable {
      is_submitted.wait();
      pipeline.reset();
      answered.set_value(result.value());
    });
    runtime.reset();
    submitted.set_value();
    EXPECT_EQ(answer.get(), i + 1);
  }
}

TEST(HostExecutor, IsNotForCallerExecution) {
  RuntimeOptions options;
  options.executor = std::make_shared<HostPool>(1);
  options.execution = Execution::kCaller;
  EXPECT_THAT(Runtime::create(options), FailsWith(ErrorCode::kInvalidArgument, "nothing to run in caller execution"));
}

TEST(HostExecutor, AnswersEachRequestOnceUnderLoad) {
  const auto pool = std::make_shared<HostPool>(3);
  Runtime runtime = on(pool, 3);
  const auto script = std::make_shared<FakeScript>();
  const Model model = test::make_fake_model(script, runtime);
  const auto pipeline = compile(model.stage(), runtime).value();
  const Tensor input = test::row({1, 2});
  constexpr int kCallers = 8;
  constexpr int kEach = 500;
  std::atomic<int> answers{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < kCallers; ++c)
    callers.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        if (i % 2 == 0)
          pipeline.submit(input, {}, [&](const Result<Tensor>&) { ++answers; });
        else if (pipeline.run(input).ok() || true)
          ++answers;
      }
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_THAT(runtime.shutdown(), IsOk());
  EXPECT_EQ(answers.load(), kCallers * kEach);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
