// SPDX-License-Identifier: Apache-2.0
// LatencyModel and Overload: what they learn from made-up measurements.
#include "runtime/policy/latency_model.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "runtime/policy/overload.hpp"

namespace gantry::detail {
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

TEST(LatencyModel, DoesNotBatchWhereItDoesNot) {
  LatencyModel model(32);
  EXPECT_EQ(settled_size(model, [](std::size_t n) { return n * 1ms; }), 1u);
  LatencyModel worse(32);
  EXPECT_EQ(settled_size(worse, [](std::size_t n) { return n * n * 1ms; }), 1u);
}

TEST(LatencyModel, FindsAnOptimumBetween) {
  LatencyModel model(64);
  EXPECT_EQ(settled_size(model, [](std::size_t n) { return n <= 8 ? 1ms + n * 100us : n * 1ms; }), 8u);
}

TEST(LatencyModel, SeesPastASizeThatDoesNotPay) {
  LatencyModel model(16);  // a matrix product of two rows is slower than two of one; one of sixteen is not
  EXPECT_EQ(settled_size(model, [](std::size_t n) { return n == 1 ? 4ms : n == 2 ? 12ms : 8ms + n * 500us; }), 16u);
}

TEST(LatencyModel, NeverAsksForMoreThanWaits) {
  LatencyModel model(32);
  settled_size(model, [](std::size_t n) { return 1ms + n * 10us; });
  EXPECT_EQ(model.batch_size(1), 1u);
  for (std::size_t waiting = 2; waiting < 32; ++waiting) EXPECT_LE(model.batch_size(waiting), waiting);
}

TEST(LatencyModel, ChangesItsMind) {
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
  EXPECT_EQ(model.fastest() / 1ms, 10);
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
  EXPECT_FALSE(overload.should_shed(kStart + 90ms, kStart, 1ms)) << "it has stood for less than the interval";
  EXPECT_TRUE(overload.should_shed(kStart + 110ms, kStart + 100ms, 1ms));
  EXPECT_FALSE(overload.should_shed(kStart + 110ms, kStart + 106ms, 1ms)) << "a short wait";
  EXPECT_FALSE(overload.should_shed(kStart + 110ms, kStart + 80ms, 20ms)) << "short beside the time it needs";
  overload.on_take(kStart + 120ms, 1, true);
  EXPECT_FALSE(overload.should_shed(kStart + 130ms, kStart + 100ms, 1ms)) << "it was empty";
}

TEST(Overload, ZeroNeverSheds) {
  Overload overload(0s, 100ms);
  overload.on_first(kStart);
  EXPECT_FALSE(overload.should_shed(kStart + 1h, kStart, 1ms));
}

}  // namespace
}  // namespace gantry::detail
