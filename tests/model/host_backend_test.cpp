// SPDX-License-Identifier: Apache-2.0
// Models over backends of a host's own: whatever these do, each call is answered once, and in time.
#include <gantry/backend.hpp>
#include <gantry/model.hpp>
#include <gantry/pipeline.hpp>

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/gate.hpp"
#include "support/manual_time.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

EngineInfo info_of(const char* kind, const char* description) {
  EngineInfo info;
  info.kind = kind;
  info.description = description;
  return info;
}

/// Keeps what it is given until the test answers it.
class HeldBackend final : public Backend {
 public:
  struct Call {
    Tensors inputs;
    EngineCall call;
    Done done;
  };

  const EngineInfo& info() const override { return info_; }
  void submit(Tensors inputs, const EngineCall& call, Done done) override {
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back({std::move(inputs), call, std::move(done)});
    }
    changed_.notify_all();
  }
  std::optional<BackendStats> stats() const override { return own_stats; }
  Health health() const override {
    if (throws) throw std::runtime_error("no health today");
    return own_health;
  }
  ModelMemory memory() const override { return {7, 0, 0}; }
  void shutdown() override {
    ++shutdowns;
    if (throws) throw std::runtime_error("no shutdown today");
    if (on_shutdown) on_shutdown();
  }

  /// Waits for a call, and takes it.
  Call take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !calls_.empty(); });
    Call call = std::move(calls_.front());
    calls_.pop_front();
    return call;
  }

  std::optional<BackendStats> own_stats;
  Health own_health;
  bool throws = false;
  std::function<void()> on_shutdown;
  std::atomic<int> shutdowns{0};

 private:
  const EngineInfo info_ = info_of("held", "answered by a test");
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Call> calls_;
};

struct Held {
  explicit Held(BackendOptions options = {}, Execution execution = Execution::kPooled,
                std::shared_ptr<const TimeSource> time = nullptr)
      : runtime(make_runtime(1, execution, 1024, std::move(time))), model([&] {
          options.runtime = runtime;
          return Model::make(backend, row_signature(), options).value();
        }()) {}
  Pipeline<Tensor, Tensor> pipeline() const { return compile(model.stage(), runtime).value(); }
  ModelStats stats() const { return runtime.stats().models.at(0); }

  std::shared_ptr<HeldBackend> backend = std::make_shared<HeldBackend>();
  Runtime runtime;
  Model model;
};

Tensors batch(std::vector<float> values) {
  const auto rows = static_cast<std::int64_t>(values.size() / 2);
  return {{"x", Tensor::from<float>(Span<const float>(values), {rows, 2}).value()}};
}

TEST(HostBackend, AnswersRequestsAndHoldsNoWorkerMeanwhile) {
  Held held;
  const auto pipeline = held.pipeline();
  auto first = pipeline.submit(row({1, 2}));
  auto second = pipeline.submit(row({3, 4}));  // the one worker is free to send it
  auto one = held.backend->take();
  auto two = held.backend->take();
  two.done(two.inputs);
  one.done(one.inputs);
  EXPECT_EQ(values_of(first.get().value()), (std::vector<float>{1, 2}));
  EXPECT_EQ(values_of(second.get().value()), (std::vector<float>{3, 4}));
}

TEST(HostBackend, GetsTheSameInputsAsAnEngine) {
  Held held;
  RunOptions options = within(1h);
  options.trace_parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  options.cancel = CancelToken::create();
  options.priority = 7;
  options.tenant = "gold";
  auto answer = held.pipeline().submit(row({1, 2}), options);
  auto call = held.backend->take();
  EXPECT_EQ(call.inputs.find("x")->to_string(), "f32[1, 2]");
  EXPECT_EQ(call.call.deadline, options.deadline);
  EXPECT_EQ(call.call.trace_parent, options.trace_parent);
  EXPECT_EQ(call.call.priority, 7);
  EXPECT_EQ(call.call.tenant, "gold");
  options.cancel.cancel();
  EXPECT_TRUE(call.call.cancel.is_cancelled());
  call.done(call.inputs);
  static_cast<void>(answer.get());
}

TEST(HostBackend, ASecondAnswerIsDropped) {
  Held held;
  auto answer = held.pipeline().submit(row({1, 2}));
  auto call = held.backend->take();
  call.done(batch({5, 6}));
  call.done(batch({7, 8}));
  EXPECT_EQ(values_of(answer.get().value()), (std::vector<float>{5, 6}));
  EXPECT_EQ(held.stats().answers_dropped, 1u);
  EXPECT_EQ(held.stats().samples, 1u);
}

TEST(HostBackend, ACallIsAnsweredAtItsDeadlineAndALaterAnswerIsDropped) {
  Held held;
  auto answer = held.pipeline().submit(row({1, 2}), within(200ms));
  auto call = held.backend->take();
  EXPECT_THAT(answer.get(), FailsWith(ErrorCode::kDeadlineExceeded, "the deadline passed before the backend answered"));
  call.done(call.inputs);
  EXPECT_EQ(held.stats().answers_dropped, 1u);
  EXPECT_EQ(held.stats().rejects[static_cast<std::size_t>(ErrorReason::kDeadlinePassed)], 1u);
  EXPECT_EQ(held.stats().running, 0u);
}

TEST(HostBackend, EachDeadlineHasItsTurn) {
  Held held;
  const auto pipeline = held.pipeline();
  auto far = pipeline.submit(row({1, 2}), within(400ms));
  auto near = pipeline.submit(row({3, 4}), within(200ms));
  auto kept = pipeline.submit(row({5, 6}), within(1h));
  EXPECT_THAT(near.get(), HasCode(ErrorCode::kDeadlineExceeded));
  EXPECT_THAT(far.get(), HasCode(ErrorCode::kDeadlineExceeded));
  for (int i = 0; i < 3; ++i) {
    auto call = held.backend->take();
    call.done(call.inputs);
  }
  EXPECT_EQ(values_of(kept.get().value()), (std::vector<float>{5, 6}));
  EXPECT_EQ(held.stats().answers_dropped, 2u);
}

TEST(HostBackend, WhoWaitsReturnsAtTheDeadline) {
  for (const Execution execution : {Execution::kPooled, Execution::kCaller}) {
    const auto time = std::make_shared<test::ManualTime>();
    Held held({}, execution, time);
    const auto pipeline = held.pipeline();
    const std::vector<std::function<bool()>> waits{
        [&] {
          return pipeline.run(row({1, 2}), within(1h, *time)).ok();
        },
        [&] {
          return held.model.run(batch({1, 2}), within(1h, *time)).ok();
        },
    };
    for (const auto& wait : waits) {
      auto waiter = std::async(std::launch::async, wait);
      auto call = held.backend->take();
      time->advance(1h);
      EXPECT_FALSE(waiter.get());
      call.done(call.inputs);  // nobody waits
    }
    EXPECT_EQ(held.stats().rejects[static_cast<std::size_t>(ErrorReason::kDeadlinePassed)], 2u);
    EXPECT_EQ(held.stats().samples, 0u);
  }
}

TEST(HostBackend, DoesNotSendCallsThatAreCancelledOrPastTheirDeadline) {
  Held held;
  RunOptions cancelled;
  cancelled.cancel = CancelToken::create();
  cancelled.cancel.cancel();
  EXPECT_THAT(held.model.run(batch({1, 2}), cancelled), HasCode(ErrorCode::kCancelled));
  EXPECT_THAT(held.model.run(batch({1, 2}), within(-1s)), HasCode(ErrorCode::kDeadlineExceeded));
  EXPECT_EQ(held.stats().running, 0u);
}

TEST(HostBackend, ADoneThatGoesAwayIsAnAnswer) {
  Held held;
  auto answer = held.pipeline().submit(row({1, 2}));
  { const auto dropped = held.backend->take(); }
  EXPECT_THAT(answer.get(), FailsWith(ErrorCode::kUnavailable, "the backend dropped the call without an answer"));
}

/// Throws from submit(), before or after it has answered.
class ThrowingBackend final : public Backend {
 public:
  explicit ThrowingBackend(bool answers_first) : answers_first_(answers_first) {}
  const EngineInfo& info() const override { return info_; }
  void submit(Tensors inputs, const EngineCall&, Done done) override {
    if (answers_first_) done(std::move(inputs));
    throw std::runtime_error("the network is gone");
  }
  void shutdown() override {}

 private:
  const bool answers_first_;
  const EngineInfo info_ = info_of("throwing", "throws");
};

TEST(HostBackend, WhatSubmitThrowsIsTheAnswerUnlessThereIsOne) {
  const Runtime runtime = make_runtime(1);
  BackendOptions options;
  options.runtime = runtime;
  const auto model_of = [&](bool answers_first) {
    return Model::make(std::make_shared<ThrowingBackend>(answers_first), row_signature(), options).value();
  };
  const Model silent = model_of(false);
  EXPECT_THAT(silent.run(batch({1, 2})), FailsWith(ErrorCode::kInternal, "the network is gone"));
  EXPECT_THAT(compile(silent.stage(), runtime).value().run(row({1, 2})),
              FailsWith(ErrorCode::kInternal, "the network is gone"));
  EXPECT_EQ(runtime.in_flight(), 0u);
  EXPECT_THAT(compile(model_of(true).stage(), runtime).value().run(row({1, 2})), IsOk());
}

TEST(HostBackend, AnswersAreComparedWithTheSignature) {
  Held held;
  auto answer = held.pipeline().submit(row({1, 2}));
  held.backend->take().done(Tensors{{"", Tensor::zeros(DType::kF32, {1, 3}).value()}});
  EXPECT_THAT(answer.get(), FailsWith(ErrorCode::kModelError, "expected y: f32[batch, 2], got f32[1, 3]"));
}

TEST(HostBackend, ShutdownWaitsForCallsInProgress) {
  Held held;
  std::promise<Result<Tensors>> answered;
  std::thread caller([&] { answered.set_value(held.model.run(batch({1, 2}))); });
  auto call = std::make_shared<HeldBackend::Call>(held.backend->take());
  held.backend->on_shutdown = [call] { call->done(call->inputs); };
  EXPECT_THAT(held.runtime.shutdown(), IsOk());
  EXPECT_EQ(values_of(answered.get_future().get().value()[0].tensor), (std::vector<float>{1, 2}));
  caller.join();
  EXPECT_EQ(held.backend->shutdowns.load(), 1);
  const auto late = held.model.run(batch({1, 2}));
  EXPECT_THAT(late, HasCode(ErrorCode::kUnavailable));
  EXPECT_EQ(late.error().reason(), ErrorReason::kShutdown);
}

TEST(HostBackend, CallsThatShutdownLeavesGetUnavailable) {
  for (const bool throws : {false, true}) {
    Held held;
    held.backend->throws = throws;
    auto answer = held.pipeline().submit(row({1, 2}));
    auto call = held.backend->take();
    EXPECT_THAT(held.runtime.shutdown(), IsOk());
    const auto got = answer.get();
    EXPECT_THAT(got, FailsWith(ErrorCode::kUnavailable, "the runtime was shut down before the request was done"));
    EXPECT_EQ(got.error().reason(), ErrorReason::kShutdown);
    call.done(call.inputs);
    EXPECT_EQ(held.backend->shutdowns.load(), 1);
  }
}

TEST(HostBackend, TheLastHandleOfTheRuntimeShutsItDown) {
  const auto backend = std::make_shared<HeldBackend>();
  {
    BackendOptions options;
    options.runtime = make_runtime(1);
    const Model model = Model::make(backend, row_signature(), options).value();
    options.runtime.reset();  // the model has the last handle
  }
  EXPECT_EQ(backend->shutdowns.load(), 1);
  const auto other = std::make_shared<HeldBackend>();
  Runtime runtime = make_runtime(1);
  {
    BackendOptions options;
    options.runtime = runtime;
    const Model model = Model::make(other, row_signature(), options).value();
  }
  EXPECT_THAT(runtime.shutdown(), IsOk());
  EXPECT_EQ(other->shutdowns.load(), 0) << "its model had gone before";
}

/// Answers on a thread of its own, which its destructor joins.
class ThreadBackend final : public Backend {
 public:
  ThreadBackend() : thread_([this] { work(); }) {}
  ~ThreadBackend() override {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  const EngineInfo& info() const override { return info_; }
  void submit(Tensors inputs, const EngineCall&, Done done) override {
    {
      const std::lock_guard lock(mutex_);
      calls_.emplace_back(std::move(inputs), std::move(done));
    }
    changed_.notify_all();
  }
  void shutdown() override {}
  Gate gate;  ///< each answer passes it

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return is_ending_ || !calls_.empty(); });
      if (calls_.empty()) return;
      {
        auto call = std::move(calls_.front());
        calls_.pop_front();
        lock.unlock();
        gate.pass();
        call.second(std::move(call.first));
      }
      lock.lock();
    }
  }
  const EngineInfo info_ = info_of("thread", "a thread of the host");
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<Tensors, Done>> calls_;
  bool is_ending_ = false;
  std::thread thread_;
};

TEST(HostBackend, AModelMayGoWhileItsBackendAnswers) {
  const Runtime runtime = make_runtime(1);
  auto backend = std::make_shared<ThreadBackend>();
  Gate* const gate = &backend->gate;
  gate->close();
  BackendOptions options;
  options.runtime = runtime;
  std::promise<Result<Tensor>> answered;
  {
    const Model model = Model::make(std::move(backend), row_signature(), options).value();
    compile(model.stage(), runtime).value().submit(row({1, 2}), {}, [&](Result<Tensor> result) {
      answered.set_value(std::move(result));
    });
  }
  gate->wait_for_arrivals(1);
  gate->open();  // the backend's destructor joins its thread: that must not be the thread that runs it
  EXPECT_THAT(answered.get_future().get(), IsOk());
}

TEST(HostBackend, ContinuesOnTheRuntimesWorkers) {
  const Runtime runtime = make_runtime_of_workers(1);
  BackendOptions options;
  options.runtime = runtime;
  const Model model = Model::make(std::make_shared<ThreadBackend>(), row_signature(), options).value();
  EXPECT_EQ(model.name(), "thread");
  const auto worker = compile(stage("who", [](int) { return std::this_thread::get_id(); }), runtime).value().run(0);
  const auto pipeline =
      compile(model.stage() | stage("who", [](Tensor) { return std::this_thread::get_id(); }), runtime).value();
  EXPECT_EQ(pipeline.run(row({1, 2})).value(), worker.value());
  EXPECT_EQ(pipeline.submit(row({1, 2})).get().value(), worker.value());
}

TEST(HostBackend, IsListedWithItsStats) {
  BackendOptions options;
  options.name = "far away";
  Held held(options);
  auto answer = held.pipeline().submit(row({1, 2}));
  auto call = held.backend->take();
  EXPECT_EQ(held.stats().name, "far away");
  EXPECT_EQ(held.stats().engine, "answered by a test");
  EXPECT_EQ(held.stats().calls, 1u);
  EXPECT_EQ(held.stats().running, 1u);
  EXPECT_EQ(held.stats().memory.weights_bytes, 7u);
  call.done(call.inputs);
  static_cast<void>(answer.get());
  EXPECT_EQ(held.stats().running, 0u);
  EXPECT_EQ(held.stats().batches, 1u);
  EXPECT_EQ(held.stats().compute.count, 1u);
  held.backend->own_stats = BackendStats{11, 12, 13, 14, 15};
  EXPECT_EQ(held.stats().batches, 11u);
  EXPECT_EQ(held.stats().retries, 12u);
  EXPECT_EQ(held.stats().waiting, 13u);
  EXPECT_EQ(held.stats().running, 14u);
  EXPECT_EQ(held.stats().instances, 15u);
  EXPECT_THAT(to_prometheus(held.runtime.stats()),
              HasSubstr("gantry_model_answers_dropped_total{model=\"far away\"} 0\n"));
}

TEST(HostBackend, CountsWhatItAnswers) {
  Held held;
  const auto pipeline = held.pipeline();
  for (const auto& error : {Error(ErrorCode::kModelError, "no"), Error(ErrorCode::kResourceExhausted, "full"),
                            Error(ErrorCode::kInvalidArgument, "what"),
                            Error(ErrorCode::kResourceExhausted, "queue").with_reason(ErrorReason::kQueueFull)}) {
    auto answer = pipeline.submit(row({1, 2}));
    held.backend->take().done(error);
    EXPECT_THAT(answer.get(), HasCode(error.code()));
  }
  EXPECT_EQ(held.stats().model_errors, 1u);
  EXPECT_EQ(held.stats().resource_errors, 2u);
  EXPECT_EQ(held.stats().bad_inputs, 1u);
  EXPECT_EQ(held.stats().rejects[static_cast<std::size_t>(ErrorReason::kQueueFull)], 1u);
  EXPECT_THAT(held.model.run({}), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_EQ(held.stats().bad_inputs, 2u) << "one that it was not sent";
}

TEST(HostBackend, ItsHealthIsTheRuntimes) {
  Held held;
  EXPECT_TRUE(held.runtime.health().is_ready);
  held.backend->own_health = {false, {"no connection"}};
  EXPECT_FALSE(held.runtime.health().is_ready);
  EXPECT_THAT(held.runtime.health().reasons, ElementsAre("model 'held': no connection"));
  held.backend->own_health = {};
  held.backend->throws = true;
  EXPECT_THAT(held.runtime.health().reasons,
              ElementsAre(HasSubstr("Backend::health() threw std::runtime_error: no health today")));
  held.backend->throws = false;
}

TEST(HostBackend, ACallWithoutAnAnswerIsSeen) {
  BackendOptions options;
  options.hang_after = 1ms;
  Held held(options);
  auto answer = held.pipeline().submit(row({1, 2}));
  auto call = held.backend->take();
  while (held.runtime.health().is_ready) std::this_thread::yield();
  EXPECT_THAT(held.runtime.health().reasons, ElementsAre(HasSubstr("a call has had no answer for")));
  auto other = held.pipeline().submit(row({3, 4}));  // is sent all the same
  held.backend->take().done(batch({3, 4}));
  EXPECT_THAT(other.get(), IsOk());
  call.done(call.inputs);
  EXPECT_THAT(answer.get(), IsOk());
  EXPECT_TRUE(held.runtime.health().is_ready);
}

TEST(HostBackend, SamplesShareACallWhereTheHostSaysSo) {
  BackendOptions options;
  options.merge = Merge::kAssume;
  options.max_batch = 2;
  Held held(options);
  EXPECT_EQ(held.model.merging(), "merges up to 2 samples, as the host assumes");
  const std::vector<Tensor> samples = {row({1, 2}), row({3, 4}), row({5, 6})};
  std::thread answering([&] {
    for (int i = 0; i < 2; ++i) {
      auto call = held.backend->take();
      call.done(call.inputs);
    }
  });
  const auto results = held.pipeline().run_batch(samples);
  answering.join();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(values_of(results[i].value()), values_of(samples[i]));
  EXPECT_EQ(held.stats().samples, 3u);
}

TEST(HostBackend, MergingIsProvenOnItsExamples) {
  const Runtime runtime = make_runtime(1);
  BackendOptions options;
  options.runtime = runtime;
  options.examples = {batch({1, 2, 3, 4})};
  const Model model = Model::make(std::make_shared<ThreadBackend>(), row_signature(), options).value();
  EXPECT_EQ(model.merging(), "merges up to 2 samples, proven on 2 of them");
  EXPECT_EQ(runtime.stats().models.at(0).calls, 0u) << "trials are counted nowhere";
}

TEST(HostBackend, ABoundOnHangingMayBeAsLongAsItsTypeHolds) {
  BackendOptions options;
  options.hang_after = std::chrono::milliseconds::max();
  Held held(options);
  auto answer = held.pipeline().submit(row({1, 2}));
  auto call = held.backend->take();
  EXPECT_TRUE(held.runtime.health().is_ready);
  call.done(std::move(call.inputs));
  EXPECT_THAT(answer.get(), IsOk());
}

TEST(HostBackend, OptionsAreLimited) {
  const auto backend = std::make_shared<HeldBackend>();
  const auto refused = [&](auto change) {
    BackendOptions options;
    change(options);
    return Model::make(backend, row_signature(), options);
  };
  EXPECT_THAT(refused([](auto& o) { o.max_batch = 0; }),
              FailsWith(ErrorCode::kInvalidArgument, "BackendOptions::max_batch must be 1..65536, got 0"));
  EXPECT_THAT(refused([](auto& o) { o.warmup_runs = -1; }),
              FailsWith(ErrorCode::kInvalidArgument, "BackendOptions::warmup_runs must be 0..100, got -1"));
  EXPECT_THAT(refused([](auto& o) { o.hang_after = -1ms; }), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(refused([](auto& o) { o.examples = {Tensors{}}; }),
              FailsWith(ErrorCode::kInvalidArgument, "BackendOptions::examples[0]"));
  EXPECT_THAT(Model::make(std::shared_ptr<Backend>(), row_signature(), BackendOptions{}),
              HasCode(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
