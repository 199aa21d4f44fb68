// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/arrivals.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(Arrivals, ConstantOnesComeAtEqualDistancesThatDoNotDrift) {
  Arrivals arrivals(3, Arrival::kConstant, 1);
  EXPECT_EQ(arrivals.next(), nanoseconds(0));
  EXPECT_EQ(arrivals.next(), nanoseconds(333333333));
  for (int i = 2; i < 3'000'000; ++i) arrivals.next();
  EXPECT_EQ(arrivals.next(), std::chrono::seconds(1'000'000));
}

TEST(Arrivals, PoissonOnesHaveExponentialDistances) {
  constexpr int kCount = 200000;
  Arrivals arrivals(1000, Arrival::kPoisson, 1);
  double sum = 0, squares = 0;
  nanoseconds last(0);
  int above_mean = 0;
  for (int i = 0; i < kCount; ++i) {
    const nanoseconds next = arrivals.next();
    ASSERT_GE(next, last);
    const double ms = static_cast<double>((next - last).count()) / 1e6;
    sum += ms;
    squares += ms * ms;
    above_mean += ms > 1 ? 1 : 0;
    last = next;
  }
  EXPECT_NEAR(sum / kCount, 1, 0.01);
  EXPECT_NEAR(squares / kCount, 2, 0.05);  // the variance is the square of the mean
  EXPECT_NEAR(above_mean / double{kCount}, std::exp(-1), 0.01);
}

TEST(Arrivals, TheSameSeedGivesTheSameTimes) {
  Arrivals one(50, Arrival::kPoisson, 7), same(50, Arrival::kPoisson, 7), other(50, Arrival::kPoisson, 8);
  bool differ = false;
  for (int i = 0; i < 100; ++i) {
    const auto time = one.next();
    EXPECT_EQ(time, same.next());
    differ = time != other.next() || differ;
  }
  EXPECT_TRUE(differ);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::cli
