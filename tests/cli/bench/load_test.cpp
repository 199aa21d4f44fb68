// SPDX-License-Identifier: Apache-2.0
// Both loops on a clock of the test's own: nothing sleeps.
#include "cli/bench/load.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <new>
#include <set>

#include "cli/bench/load_loops.hpp"
#include "fake_service.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using Time = LoadClock::Time;

Load at_rate(double rate, Arrival arrival = Arrival::kConstant) {
  Load load;
  load.rate = rate;
  load.arrival = arrival;
  return load;
}

LoadTimes lasting(std::chrono::nanoseconds length, std::chrono::nanoseconds warm_up = {}) {
  LoadTimes times;
  times.length = length;
  times.warm_up = warm_up;
  return times;
}

Error refusal() {
  return Error(ErrorCode::kResourceExhausted, "the queue is full").with_reason(ErrorReason::kQueueFull);
}

TEST(OpenLoop, AStallIsInTheLatencyOfAllWhoWouldHaveComeMeanwhile) {
  FakeClock clock;
  FakeService service(clock);
  // 100 requests a second of 1 ms each; number 100 takes a second, in which 99 more are due.
  service.service_time = [](std::size_t index) { return index == 100 ? milliseconds(1000) : milliseconds(1); };

  const LoadResult result = put_load(service, at_rate(100), lasting(seconds(3)), clock);

  EXPECT_EQ(result.latencies.count(), 300U);
  EXPECT_EQ(result.latencies.max(), milliseconds(1000));
  // Of 300, those from number 100 to 210 waited: the one that came half a second after the stall began, for 0.55 s.
  std::uint64_t slow = 0;
  for (const auto& bucket : result.latencies.buckets(128)) slow += bucket.below >= milliseconds(100) ? bucket.count : 0;
  EXPECT_GE(slow, 95U);
  EXPECT_GT(result.latencies.quantile(0.9).value(), milliseconds(700));
  EXPECT_LT(result.latencies.quantile(0.5).value(), milliseconds(2));
}

TEST(ClosedLoop, AStallIsInOneLatencyAlone) {
  FakeClock clock;
  FakeService service(clock);
  service.service_time = [](std::size_t index) { return index == 100 ? milliseconds(1000) : milliseconds(1); };
  const CallerResult result = call_until(service, 0, 1, clock.now(), clock.now() + seconds(3), clock);
  EXPECT_LT(result.latencies.quantile(0.99).value(), milliseconds(2));
  EXPECT_EQ(result.latencies.max(), milliseconds(1000));
}

TEST(OpenLoop, ASubmitThatDoesNotReturnMakesTheNextOnesLateAndThatCounts) {
  FakeClock clock;
  FakeService service(clock);
  service.submit_time = [](std::size_t index) { return index == 10 ? milliseconds(500) : milliseconds(0); };
  const LoadResult result = put_load(service, at_rate(100), lasting(seconds(1)), clock);
  EXPECT_EQ(result.latencies.count(), 100U);
  EXPECT_GE(result.latencies.max(), milliseconds(490));
  EXPECT_EQ(result.send_delays.max(), milliseconds(490));
  EXPECT_GT(result.latencies.quantile(0.9).value(), milliseconds(350));
}

TEST(OpenLoop, SendsByTheScheduleAndNotByTheAnswers) {
  FakeClock clock;
  FakeService service(clock);
  std::vector<Time> sent;
  service.service_time = [&](std::size_t) {
    sent.push_back(clock.now());
    return milliseconds(50);  // twice as long as there is time for
  };
  const Time first = clock.now();
  const LoadResult result = put_load(service, at_rate(40), lasting(seconds(1)), clock);
  ASSERT_EQ(sent.size(), 40U);
  for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_EQ(sent[i] - first, milliseconds(25) * i);
  EXPECT_EQ(result.latencies.count(), 40U);  // all are answered in the end, and are in the latencies
  EXPECT_EQ(result.answers_per_second, 19);  // but within the second only so many
  EXPECT_EQ(result.completed, 19U);
  EXPECT_EQ(result.latencies.max(), milliseconds(50 * 40 - 25 * 39));
}

TEST(OpenLoop, RefusalsAreCountedByTypeAndAreNoLatencies) {
  FakeClock clock;
  FakeService service(clock);
  service.answer = [](std::size_t index) -> Result<Payload> {
    if (index % 4 == 0) return refusal();
    if (index % 10 == 1) return Error(ErrorCode::kModelError, "wrong");
    return Payload();
  };
  const LoadResult result = put_load(service, at_rate(100), lasting(seconds(1)), clock);
  EXPECT_EQ(result.failures.count, 35U);
  EXPECT_EQ(result.failures.by_type,
            (std::map<std::string, std::uint64_t>{{"model_error", 10}, {"resource_exhausted.queue_full", 25}}));
  EXPECT_EQ(result.failures.example, refusal().to_string());
  EXPECT_EQ(result.latencies.count(), 65U);
  EXPECT_EQ(result.answers_per_second, 65);
}

TEST(OpenLoop, TheWarmUpIsNotCounted) {
  FakeClock clock;
  FakeService service(clock);
  service.service_time = [](std::size_t index) { return index < 40 ? milliseconds(9) : milliseconds(1); };
  service.answer = [](std::size_t index) -> Result<Payload> {
    return index < 30 ? Result<Payload>(refusal()) : Result<Payload>(Payload());
  };
  const Time first = clock.now();
  Time began, ended;
  LoadEvents events;
  events.began = [&] { began = clock.now(); };
  events.ended = [&] { ended = clock.now(); };
  const LoadResult result = put_load(service, at_rate(100), lasting(seconds(1), milliseconds(500)), clock, events);
  EXPECT_EQ(service.asked, 150U);
  EXPECT_EQ(result.latencies.count(), 100U);
  EXPECT_EQ(result.latencies.max(), milliseconds(1));
  EXPECT_EQ(result.failures.count, 0U);
  EXPECT_EQ(began - first, milliseconds(500));
  EXPECT_EQ(ended - first, milliseconds(1500));
}

TEST(OpenLoop, TheMeasuredTimeBeginsAndEndsAlsoWhereNothingIsSent) {
  FakeClock clock;
  FakeService service(clock);
  int began = 0, ended = 0;
  LoadEvents events;
  events.began = [&] { ++began; };
  events.ended = [&] { ++ended; };
  const LoadResult result = put_load(service, at_rate(0.1), lasting(seconds(1), seconds(1)), clock, events);
  EXPECT_EQ(result.latencies.count(), 0U);
  EXPECT_EQ(began, 1);
  EXPECT_EQ(ended, 1);
}

/// Answers nothing until it is cancelled.
class SilentService final : public Service {
 public:
  explicit SilentService(FakeClock& clock) : clock_(clock) {}
  Result<Payload> make_input(std::size_t) override { return Payload(); }
  Result<Payload> run(Payload) override { return Payload(); }
  void submit(Payload, const CancelToken& cancel, Function<void(Result<Payload>)> done) override {
    poll(cancel, std::make_shared<Function<void(Result<Payload>)>>(std::move(done)));
  }
  Time cancelled_at{};

 private:
  void poll(const CancelToken& cancel, std::shared_ptr<Function<void(Result<Payload>)>> done) {
    clock_.at(clock_.now() + milliseconds(10), [this, cancel, done] {
      if (!cancel.is_cancelled()) return poll(cancel, done);
      if (cancelled_at == Time()) cancelled_at = clock_.now();
      (*done)(Error(ErrorCode::kCancelled, "cancelled"));
    });
  }
  FakeClock& clock_;
};

TEST(OpenLoop, WhatIsNotAnsweredInTimeIsCancelledAndCountsAsFailed) {
  FakeClock clock;
  SilentService service(clock);
  LoadTimes times = lasting(seconds(1));
  times.patience = seconds(3);
  const Time first = clock.now();
  const LoadResult result = put_load(service, at_rate(2), times, clock);
  EXPECT_EQ(result.latencies.count(), 0U);
  EXPECT_EQ(result.failures.by_type, (std::map<std::string, std::uint64_t>{{"cancelled", 2}}));
  EXPECT_GE(service.cancelled_at - first, seconds(4));
  EXPECT_LE(service.cancelled_at - first, seconds(5));
}

/// Cannot make its third input.
class FailingInputs final : public FakeService {
 public:
  using FakeService::FakeService;
  Result<Payload> make_input(std::size_t index) override {
    if (index == 2) return Error(ErrorCode::kNotFound, "gone");
    if (index == 3) throw std::bad_alloc();
    return Payload();
  }
};

TEST(Load, AnInputThatCannotBeMadeIsAFailureAndAnExceptionComesOutOnceAllHaveEnded) {
  FakeClock clock;
  FailingInputs service(clock);
  service.service_time = [](std::size_t) { return milliseconds(1000); };
  EXPECT_THROW(put_load(service, at_rate(100), lasting(seconds(1)), clock), std::bad_alloc);
  EXPECT_EQ(service.asked, 2U);
  FailingInputs other(clock);
  other.service_time = [](std::size_t) { return milliseconds(300); };
  const LoadResult result = put_load(other, at_rate(4), lasting(milliseconds(600)), clock);
  EXPECT_EQ(result.failures.by_type, (std::map<std::string, std::uint64_t>{{"not_found", 1}}));
  EXPECT_EQ(result.latencies.count(), 2U);
}

TEST(ClosedLoop, CountsFromTheWarmUpOnAndAtLeastOne) {
  FakeClock clock;
  FakeService service(clock);
  service.service_time = [](std::size_t) { return milliseconds(30); };
  CallerResult result =
      call_until(service, 0, 1, clock.now() + milliseconds(100), clock.now() + milliseconds(400), clock);
  EXPECT_EQ(result.latencies.count(), 10U);  // that began at 120 ms .. 390 ms
  EXPECT_DOUBLE_EQ(result.answers_per_second(), 1000.0 / 30);

  service.service_time = [](std::size_t) { return seconds(2); };
  result = call_until(service, 0, 1, clock.now() + milliseconds(100), clock.now() + milliseconds(400), clock);
  EXPECT_EQ(result.latencies.count(), 1U);
  EXPECT_EQ(result.latencies.max(), seconds(2));
}

/// Real threads, and a service that answers at once: which inputs are asked for, and that nothing is lost.
class CountingService final : public Service {
 public:
  Result<Payload> make_input(std::size_t index) override {
    const std::lock_guard lock(mutex);
    indices.insert(index);
    return Payload();
  }
  Result<Payload> run(Payload) override { return asked++ % 2 == 0 ? Result<Payload>(Payload()) : refusal(); }
  void submit(Payload, const CancelToken&, Function<void(Result<Payload>)> done) override { done(Payload()); }
  std::mutex mutex;
  std::multiset<std::size_t> indices;
  std::atomic<std::uint64_t> asked{0};
};

TEST(ClosedLoop, CallersShareTheInputsAndAllRequestsAreCounted) {
  SteadyClock clock;
  CountingService service;
  Load load;
  load.callers = 4;
  int began = 0, ended = 0;
  LoadEvents events;
  events.began = [&] { ++began; };
  events.ended = [&] { ++ended; };
  const LoadResult result = put_load(service, load, lasting(milliseconds(20)), clock, events);
  EXPECT_EQ(result.latencies.count(), result.completed);
  EXPECT_LE(result.latencies.count() + result.failures.count, service.asked);
  EXPECT_GE(result.latencies.count() + result.failures.count, 4U);
  for (std::size_t caller = 0; caller < 4; ++caller) EXPECT_EQ(service.indices.count(caller), 1U);
  EXPECT_EQ(std::set<std::size_t>(service.indices.begin(), service.indices.end()).size(), service.indices.size());
  EXPECT_EQ(began + ended, 2);
}

TEST(Load, TitlesSayWhichLoopItIs) {
  Load load;
  load.callers = 1;
  EXPECT_EQ(load.title(), "1 caller");
  load.callers = 8;
  EXPECT_EQ(load.title(), "8 callers");
  EXPECT_EQ(at_rate(250).title(), "250/s");
}

TEST(LoadResult, TwoTurnsAreOneMeasurementOfBoth) {
  LoadResult one, other;
  one.length = seconds(1);
  one.answers_per_second = 10;
  one.failures.add(refusal());
  other.length = seconds(3);
  other.answers_per_second = 30;
  other.failures.add(Error(ErrorCode::kModelError, "wrong"));
  other.completed = 90;
  one += other;
  EXPECT_EQ(one.answers_per_second, 25);
  EXPECT_EQ(one.length, seconds(4));
  EXPECT_EQ(one.failures.count, 2U);
  EXPECT_EQ(one.failures.example, refusal().to_string());
  EXPECT_EQ(one.completed, 90U);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::cli
