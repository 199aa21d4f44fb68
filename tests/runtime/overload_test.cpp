// SPDX-License-Identifier: Apache-2.0
// Order and refusals of requests at the runtime's door, with requests held by a gate.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <gantry/pipeline.hpp>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/gate.hpp"
#include "support/manual_time.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using namespace std::chrono_literals;
using test::FailsWith;
using test::Gate;
using test::HasCode;
using test::IsOk;

/// One worker, which a gate holds until the test lets it go; then it writes down in which order it serves.
struct OneWorker {
  explicit OneWorker(RuntimeOptions options = {}) {
    options.workers = 1;
    options.time_source = time;
    options.allow_oversubscription = true;
    runtime = Runtime::create(options).value();
    pipeline = compile(stage("hold",
                             [this](int x) -> Result<int> {
                               if (x < 0) return Error(ErrorCode::kInvalidArgument, "below 0");
                               gate.pass();
                               const std::lock_guard lock(mutex);
                               order.push_back(x);
                               return x;
                             }),
                       *runtime)
                   .value();
    gate.close();
    submit(0);
    gate.wait_for_arrivals(1);
  }
  void submit(int x, const RunOptions& options = {}) { answers.push_back(pipeline->submit(x, options)); }
  std::vector<int> finish() {
    gate.open();
    for (auto& answer : answers) answer.wait();
    const std::lock_guard lock(mutex);
    return order;
  }
  /// Serves one request that takes as long.
  void learn(std::chrono::milliseconds duration) {
    time->advance(duration);
    finish();
    gate.close();
    submit(0);
    gate.wait_for_arrivals(2);
  }
  std::uint64_t rejects(ErrorReason reason) const { return runtime->stats().rejects[static_cast<std::size_t>(reason)]; }

  const std::shared_ptr<test::ManualTime> time = std::make_shared<test::ManualTime>();
  Gate gate;
  std::mutex mutex;
  std::vector<int> order;
  std::vector<std::future<Result<int>>> answers;
  std::optional<Runtime> runtime;
  std::optional<Pipeline<int, int>> pipeline;
};

RunOptions of_priority(int priority) {
  RunOptions options;
  options.priority = priority;
  return options;
}

RunOptions of_tenant(const std::string& tenant) {
  RunOptions options;
  options.tenant = tenant;
  return options;
}

TEST(RuntimeOrder, HigherPrioritiesGoFirst) {
  OneWorker one;
  one.submit(1, of_priority(-1));
  one.submit(2);
  one.submit(3, of_priority(7));
  EXPECT_EQ(one.finish(), (std::vector<int>{0, 3, 2, 1}));
}

TEST(RuntimeOrder, TenantsTakeTurns) {
  OneWorker one;
  for (int i = 1; i <= 3; ++i) one.submit(i, of_tenant("a"));
  for (int i = 11; i <= 13; ++i) one.submit(i, of_tenant("b"));
  const auto order = one.finish();
  EXPECT_THAT(std::vector<int>(order.begin() + 1, order.end()), testing::ElementsAre(1, 11, 2, 12, 3, 13));
}

TEST(RuntimeOrder, RequestsOfAnIdleRuntimeKeepTheirOrder) {
  OneWorker one;
  for (int i = 1; i <= 20; ++i) one.submit(i);
  const auto order = one.finish();
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(RuntimeAdmission, RefusesADeadlineThatSuchARequestCannotMeet) {
  OneWorker one;
  one.learn(30ms);
  const auto refused = one.pipeline->run(1, within(5ms, *one.time));
  EXPECT_THAT(refused, FailsWith(ErrorCode::kDeadlineExceeded, "the request would take "));
  EXPECT_EQ(refused.error().reason(), ErrorReason::kDeadlineUnreachable);
  EXPECT_EQ(one.rejects(ErrorReason::kDeadlineUnreachable), 1u);
  one.finish();
}

TEST(RuntimeAdmission, TheTimeOfABatchHardlyAffectsTheEstimateForASingleRequest) {
  OneWorker one;
  one.finish();
  one.gate.close();
  const auto pass = [&one](int x) {
    one.gate.pass();
    return x;
  };
  const auto pipeline = compile(stage("pass", pass), *one.runtime).value();  // the batch is the first it learns from
  std::thread batch([&] {
    for (const auto& result : pipeline.run_batch(std::vector<int>(16, 1))) EXPECT_THAT(result, IsOk());
  });
  one.gate.wait_for_arrivals(2);
  one.time->advance(64ms);  // which the batch takes
  one.gate.open();
  batch.join();
  one.gate.close();
  one.submit(0);
  one.gate.wait_for_arrivals(18);
  auto late = std::async([&] { return pipeline.run(1, within(20ms, *one.time)); });
  while (one.runtime->stats().queued == 0) std::this_thread::yield();
  one.time->advance(20ms);
  EXPECT_THAT(late.get(), HasCode(ErrorCode::kDeadlineExceeded)) << "the worker is held";
  EXPECT_EQ(one.rejects(ErrorReason::kDeadlineUnreachable), 0u);
  one.finish();
}

TEST(RuntimeAdmission, AWrongGuessMendsItselfWhileOthersAreServed) {
  OneWorker one;
  one.learn(30ms);
  for (int i = 0; i < 32; ++i) one.submit(1, within(5ms, *one.time));
  EXPECT_EQ(one.rejects(ErrorReason::kDeadlineUnreachable), 30u) << "one of sixteen is tried";
  one.finish();
}

TEST(RuntimeAdmission, TheTimeOfAFailedRequestIsNotLearned) {
  OneWorker one;
  one.learn(30ms);
  one.submit(-1);  // fails at once
  one.learn(30ms);
  const auto refused = one.pipeline->run(1, within(5ms, *one.time));
  EXPECT_THAT(refused, FailsWith(ErrorCode::kDeadlineExceeded, "the request would take "));
  one.finish();
}

TEST(RuntimeStats, CountAnswersThatCameTooLate) {
  OneWorker one;
  one.submit(1, within(10ms, *one.time));  // behind the one that is held
  one.time->advance(15ms);
  one.finish();
  EXPECT_THAT(one.answers[1].get(), HasCode(ErrorCode::kDeadlineExceeded));
  EXPECT_EQ(one.runtime->stats().deadline_misses, 1u);
}

TEST(RuntimeStats, CountRequestsThatAShutdownRefuses) {
  OneWorker one;
  one.submit(1);
  std::thread shutdown([&] { EXPECT_THAT(one.runtime->shutdown(), IsOk()); });
  EXPECT_THAT(one.answers[1].get(), HasCode(ErrorCode::kUnavailable));
  one.gate.open();
  shutdown.join();
  EXPECT_EQ(one.rejects(ErrorReason::kShutdown), 1u);
}

TEST(RuntimeAdmission, AnIdleRuntimeTriesIt) {
  OneWorker one;
  one.learn(30ms);
  one.finish();
  EXPECT_THAT(one.pipeline->run(1, within(25ms, *one.time)), IsOk()) << "it takes no time now: the guess was wrong";
}

TEST(RuntimeAdmission, SaysWhyAndCountsIt) {
  RuntimeOptions options;
  options.max_in_flight = 1;
  OneWorker one(options);
  const auto refused = one.pipeline->run(1);
  EXPECT_THAT(refused, HasCode(ErrorCode::kResourceExhausted));
  EXPECT_EQ(refused.error().reason(), ErrorReason::kQueueFull);
  EXPECT_EQ(one.rejects(ErrorReason::kQueueFull), 1u);
  one.finish();
}

TEST(RuntimeShedding, ShedsRequestsThatWaitedInAStandingQueue) {
  RuntimeOptions options;
  options.shed_target = 1ms;
  options.shed_interval = 10ms;
  OneWorker one(options);
  for (int i = 1; i <= 4; ++i) one.submit(i, within(200ms, *one.time));
  one.submit(5);
  one.time->advance(30ms);
  EXPECT_EQ(one.finish(), (std::vector<int>{0, 5})) << "without a deadline it waits";
  for (std::size_t i = 1; i <= 4; ++i) EXPECT_EQ(one.answers[i].get().error().reason(), ErrorReason::kShed);
  EXPECT_EQ(one.rejects(ErrorReason::kShed), 4u);
}

TEST(RuntimeShedding, CanBeSwitchedOff) {
  RuntimeOptions options;
  options.shed_target = 0ms;
  options.shed_interval = 10ms;
  OneWorker one(options);
  for (int i = 1; i <= 4; ++i) one.submit(i, within(200ms, *one.time));
  one.time->advance(30ms);
  EXPECT_EQ(one.finish(), (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(RuntimeOptions, OfOrderAndSheddingAreLimited) {
  RuntimeOptions options;
  options.tenant_weights = {{"a", 0.0}};
  EXPECT_THAT(Runtime::create(options), FailsWith(ErrorCode::kInvalidArgument, "must be above 0"));
  options.tenant_weights.clear();
  options.shed_target = -1ms;
  EXPECT_THAT(Runtime::create(options), FailsWith(ErrorCode::kInvalidArgument, "may not be negative"));
}

TEST(RuntimeStats, AreWrittenForPrometheus) {
  OneWorker one;
  one.submit(1);
  const std::string held = to_prometheus(one.runtime->stats());
  EXPECT_THAT(held, testing::HasSubstr("# TYPE gantry_requests_in_flight gauge\ngantry_requests_in_flight 2\n"));
  EXPECT_THAT(held, testing::HasSubstr("gantry_requests_queued 1\n"));
  EXPECT_GT(one.runtime->stats().memory_limit_bytes, std::uint64_t{1} << 20);
  EXPECT_GT(one.runtime->stats().effective_cpus, 0);
  one.finish();
  const std::string page = to_prometheus(one.runtime->stats());
  EXPECT_THAT(page, testing::HasSubstr("gantry_requests_total 2\n"));
  EXPECT_THAT(page, testing::HasSubstr("gantry_queue_age_seconds_bucket{le=\"+Inf\"} 2\n"));
  EXPECT_THAT(page, testing::HasSubstr("gantry_rejects_total{reason=\"shed\"} 0\n"));
}

TEST(Histogram, BucketsHoldTheirBounds) {
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
    const std::uint64_t bound = Histogram::upper_bound_of(i);
    EXPECT_EQ(Histogram::bucket_of(bound), i);
    if (i > 0) {
      EXPECT_GT(bound, before);
      EXPECT_EQ(Histogram::bucket_of(before + 1), i);
    }
    before = bound;
  }
  EXPECT_EQ(Histogram::bucket_of(~std::uint64_t{0}), Histogram::kBuckets - 1);
}

TEST(Histogram, QuantilesAreAtMostAFifthAbove) {
  Histogram histogram;
  for (std::uint64_t ns = 1; ns <= 100000; ++ns) {
    ++histogram.counts[Histogram::bucket_of(ns)];
    ++histogram.count;
  }
  Histogram twice = histogram;
  twice += histogram;
  EXPECT_EQ(twice.count, 200000u);
  for (const double q : {0.01, 0.5, 0.9, 0.99}) {
    const auto exact = q * 100000;
    const auto found = static_cast<double>(twice.quantile(q).count());
    EXPECT_GE(found, exact - 1);
    EXPECT_LE(found, exact * 1.26);
  }
  EXPECT_EQ(Histogram().quantile(0.5).count(), 0);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
