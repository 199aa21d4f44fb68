// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/latency_histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using std::chrono::nanoseconds;

TEST(LatencyHistogram, QuantilesAreAtMost0_8PercentAboveTheTruth) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(14, 2);  // around 1 ms, over six decades
  LatencyHistogram histogram;
  std::vector<std::int64_t> exact;
  for (int i = 0; i < 20000; ++i) {
    exact.push_back(static_cast<std::int64_t>(latency(random)));
    histogram.add(nanoseconds(exact.back()));
  }
  std::sort(exact.begin(), exact.end());
  for (const double q : {0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999}) {
    const auto truth = exact[static_cast<std::size_t>(std::ceil(q * 20000 - 1e-6)) - 1];
    const auto got = histogram.quantile(q).value().count();
    EXPECT_GE(got, truth) << q;
    EXPECT_LE(static_cast<double>(got), static_cast<double>(truth) * 1.0079) << q;
  }
  EXPECT_EQ(histogram.min().count(), exact.front());
  EXPECT_EQ(histogram.max().count(), exact.back());
}

TEST(LatencyHistogram, ShortDurationsAreExact) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 200; ++i) histogram.add(nanoseconds(i));
  EXPECT_EQ(histogram.quantile(0.5), nanoseconds(100));
  EXPECT_EQ(histogram.quantile(0.9), nanoseconds(180));
  EXPECT_EQ(histogram.mean(), nanoseconds(100));
}

TEST(LatencyHistogram, AQuantileOfTooFewIsNotGiven) {
  LatencyHistogram histogram;
  EXPECT_FALSE(histogram.quantile(0.5));
  for (int i = 0; i < 999; ++i) histogram.add(nanoseconds(5));
  EXPECT_EQ(histogram.quantile(0.99), nanoseconds(5));
  EXPECT_FALSE(histogram.quantile(0.999));
  histogram.add(nanoseconds(5));
  EXPECT_EQ(histogram.quantile(0.999), nanoseconds(5));
  EXPECT_EQ(LatencyHistogram::needed_for(0.999), 1000U);
  EXPECT_EQ(LatencyHistogram::needed_for(0.9), 10U);
}

TEST(LatencyHistogram, SumsAreAsIfAllHadBeenAddedToOne) {
  LatencyHistogram one, other, all;
  for (int i = 0; i < 1000; ++i) {
    const nanoseconds value(37 * i * i);
    (i % 3 == 0 ? one : other).add(value);
    all.add(value);
  }
  LatencyHistogram sum;
  sum += LatencyHistogram();
  sum += one;
  sum += other;
  for (const double q : {0.1, 0.5, 0.99}) EXPECT_EQ(sum.quantile(q), all.quantile(q));
  EXPECT_EQ(sum.count(), 1000U);
  EXPECT_EQ(sum.min(), all.min());
  EXPECT_EQ(sum.max(), all.max());
  EXPECT_EQ(sum.mean(), all.mean());
}

TEST(LatencyHistogram, BucketsHoldWhatTheySay) {
  LatencyHistogram histogram;
  for (const int ns : {-5, 0, 1, 100, 1000, 1000, 123456789}) histogram.add(nanoseconds(ns));
  for (const int per_octave : {1, 8, 128}) {
    std::uint64_t count = 0;
    nanoseconds end(-1);
    for (const auto& bucket : histogram.buckets(per_octave)) {
      EXPECT_LE(end, bucket.below);
      EXPECT_GE(bucket.upper, bucket.below);
      end = bucket.upper;
      count += bucket.count;
    }
    EXPECT_EQ(count, histogram.count());
    EXPECT_GE(end, histogram.max());
  }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::cli
