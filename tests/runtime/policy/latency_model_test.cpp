// SPDX-License-Identifier: Apache-2.0
// LatencyModel and Overload: what they learn from made-up measurements.
#include "runtime/policy/latency_model.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "runtime/policy/overload.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using namespace std::chrono_literals;

const Clock::time_point kStart{1h};

/// What the model does when 64 samples always wait and a batch of n takes `took(n)`.
std::size_t settled_size(LatencyModel& model, const std::function<Clock::duration(std::size_t)>& took) {
  std::size_t size = 0;
  for (int i = 0; i < 100; ++i) {
    size = model.batch_size(64);
    model.record(size, took(size));
  }
  return size;
}

TEST(LatencyModel, BatchesWhereItPays) {
  LatencyModel model(32);
  EXPECT_EQ(settled_size(model, [](std::size_t n) { return 1ms + n * 10us; }), 32u);
  EXPECT_EQ(model.best_size(), 32u);
}

TEST(LatencyModel, DoesNotBatchWhereItDoesNotPay) {
  LatencyModel model(32);
  EXPECT_EQ(settled_size(model, [](std::size_t n) { return n * 1ms; }), 1u);
  LatencyModel worse(32);
  EXPECT_EQ(settled_size(worse, [](std::size_t n) { return n * n * 1ms; }), 1u);
}

TEST(LatencyModel, FindsAnOptimumBetween) {
  LatencyModel model(64);
  EXPECT_EQ(settled_size(model, [](std::size_t n) { return n <= 8 ? 1ms + n * 100us : n * 1ms; }), 8u);
}

TEST(LatencyModel, TriesLargerSizesBeyondOneThatDoesNotPay) {
  LatencyModel model(16);  // a matrix product of two rows is slower than two of one; one of sixteen is not
  EXPECT_EQ(settled_size(model, [](std::size_t n) { return n == 1 ? 4ms : n == 2 ? 12ms : 8ms + n * 500us; }), 16u);
}

TEST(LatencyModel, NeverAsksForMoreSamplesThanAreWaiting) {
  LatencyModel model(32);
  settled_size(model, [](std::size_t n) { return 1ms + n * 10us; });
  EXPECT_EQ(model.batch_size(1), 1u);
  for (std::size_t waiting = 2; waiting < 32; ++waiting) EXPECT_LE(model.batch_size(waiting), waiting);
}

TEST(LatencyModel, AsksOnlyForSupportedSizes) {
  LatencyModel model(16, {1, 6, 16});
  EXPECT_EQ(settled_size(model, [](std::size_t n) { return n == 16 ? 1s : 1ms + n * 10us; }), 6u);
  EXPECT_EQ(model.best_size(), 6u);
  LatencyModel large(16, {4, 16});
  EXPECT_EQ(large.batch_size(1), 1u);
  EXPECT_EQ(large.batch_size(3), 3u) << "fewer than the smallest size go together";
  EXPECT_EQ(settled_size(large, [](std::size_t n) { return n == 16 ? 1s : 4ms; }), 4u);
  EXPECT_EQ(large.expected(1), large.expected(4)) << "one is computed as four";
  for (std::size_t waiting = 4; waiting <= 64; ++waiting) {
    const std::size_t size = large.batch_size(waiting);
    EXPECT_TRUE(size == 4 || size == 16) << size;
  }
}

TEST(LatencyModel, FollowsChangedMeasurements) {
  LatencyModel model(16);
  settled_size(model, [](std::size_t n) { return 1ms + n * 10us; });
  for (int i = 0; i < 5000; ++i) {
    const std::size_t size = model.batch_size(64);
    model.record(size, size * size * 1ms);
  }
  EXPECT_LE(model.best_size(), 2u);
}

TEST(LatencyModel, FewSamplesGoIntoBatchesThatDoNotPay) {
  LatencyModel model(16);
  const auto took = [](std::size_t n) { return n * n * 1ms; };
  settled_size(model, took);
  std::size_t samples = 0;
  std::size_t slow = 0;
  for (int i = 0; i < 200000; ++i) {
    const std::size_t size = model.batch_size(16);
    model.record(size, took(size));
    samples += size;
    if (size > 1) slow += size;
  }
  EXPECT_GT(slow, 0u);
  EXPECT_LT(slow, samples / 300);
}

TEST(LatencyModel, OneOutlierChangesLittle) {
  LatencyModel model(1);
  for (int i = 0; i < 20; ++i) model.record(1, 10ms);
  model.record(1, 10s);
  EXPECT_LT(model.expected(1), 20ms);
  EXPECT_EQ(model.fastest(1) / 1ms, 10);
}

TEST(LatencyModel, NeverUsesASizeThatIsForbidden) {
  LatencyModel model(16);
  model.forbid(16);
  model.forbid(4);
  model.forbid(1);  // which cannot be
  for (int i = 0; i < 3000; ++i)
    for (std::size_t waiting = 1; waiting <= 40; waiting += 3) {
      const std::size_t size = model.batch_size(waiting);
      EXPECT_FALSE(model.is_forbidden(size)) << size;
      EXPECT_TRUE(size < 4 || (size >= 8 && size < 16)) << size;
      model.record(size, 1ms + size * 10us);
    }
  EXPECT_EQ(model.best_size(), 8u);
  EXPECT_EQ(model.batch_size(7), 3u);
}

TEST(FastestTime, OfABatchIsNotThatOfASample) {
  FastestTime time;
  EXPECT_EQ(time.of(1), 0s);
  time.record(16, 1600ms);
  EXPECT_EQ(time.of(16), 1600ms);
  EXPECT_LE(time.of(1), 100ms) << "16 samples take 16 times as long at most";
  EXPECT_GT(time.of(1), 0ms);
  EXPECT_EQ(time.of(64), 1600ms) << "more samples take no less";
  time.record(1, 120ms);
  EXPECT_EQ(time.of(1), 120ms);
  EXPECT_GE(time.of(4), 120ms);
  EXPECT_LE(time.of(4), 480ms);
}

TEST(FastestTime, NeverExceedsWhatABatchTakes) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    const auto fixed = static_cast<double>(random() % 1000), each = static_cast<double>(random() % 100 + 1);  // us
    const auto took = [&](std::size_t n) {
      return std::chrono::nanoseconds(static_cast<std::int64_t>(1000 * (fixed + each * static_cast<double>(n))));
    };
    FastestTime time;
    for (int i = 0; i < 3; ++i) {
      const std::size_t size = std::size_t{1} << random() % 10;
      time.record(size, took(size));
    }
    for (std::size_t n = 1; n < 2000; n = n * 3 / 2 + 1) EXPECT_LE(time.of(n), took(n)) << n;
  }
}

TEST(FastestTime, LetsASixteenthThrough) {
  FastestTime time;
  int tried = 0;
  for (int i = 0; i < 160; ++i) tried += time.should_try();
  EXPECT_EQ(tried, 10);
}

TEST(LatencyModel, KnowsNothingAtFirst) {
  const LatencyModel model(8);
  EXPECT_EQ(model.expected(4), 0s);
  EXPECT_EQ(model.best_size(), 1u);
}

TEST(Overload, MeasuresTheRate) {
  Overload overload(5ms, 100ms);
  EXPECT_EQ(overload.time_for(10), 0s);
  overload.on_first(kStart);
  for (int i = 0; i < 200; ++i) overload.on_take(kStart + i * 2ms, 1, false);
  EXPECT_NEAR(std::chrono::duration<double>(overload.time_for(10)).count(), 0.02, 1e-4);
}

TEST(Overload, IdleTimeIsNotTheQueuesRate) {
  Overload overload(5ms, 100ms);
  for (int i = 0; i < 200; ++i) overload.on_take(kStart + i * 2ms, 1, false);
  overload.on_take(kStart + 400ms, 1, true);
  overload.on_take(kStart + 1h, 1, false);
  EXPECT_LT(overload.time_for(1), 3ms);
}

TEST(Overload, ShedsOnlyFromAQueueThatStands) {
  Overload overload(5ms, 100ms);
  overload.on_first(kStart);
  EXPECT_FALSE(overload.should_shed(kStart + 90ms, kStart, 1ms, 0s)) << "it has stood for less than the interval";
  EXPECT_TRUE(overload.should_shed(kStart + 110ms, kStart + 100ms, 1ms, 0s));
  EXPECT_FALSE(overload.should_shed(kStart + 110ms, kStart + 106ms, 1ms, 0s)) << "a short wait";
  EXPECT_FALSE(overload.should_shed(kStart + 110ms, kStart + 80ms, 20ms, 0s)) << "short beside the time it needs";
  EXPECT_FALSE(overload.should_shed(kStart + 110ms, kStart + 80ms, 1ms, 300ms)) << "short beside the time it was given";
  EXPECT_TRUE(overload.should_shed(kStart + 110ms, kStart + 80ms, 1ms, 290ms));
  overload.on_take(kStart + 120ms, 1, true);
  EXPECT_FALSE(overload.should_shed(kStart + 130ms, kStart + 100ms, 1ms, 0s)) << "it was empty";
}

TEST(Overload, ZeroNeverSheds) {
  Overload overload(0s, 100ms);
  overload.on_first(kStart);
  EXPECT_FALSE(overload.should_shed(kStart + 1h, kStart, 1ms, 0s));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
