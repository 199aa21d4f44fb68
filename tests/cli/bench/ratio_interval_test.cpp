// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/ratio_interval.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace gantry::inline GANTRY_ABI::cli {
namespace {

TEST(RatioInterval, IsStudentsOverLogarithms) {
  // Logarithms -1, 0, 1: mean 0, standard error 1 / sqrt(3), t(2) = 4.303.
  const auto interval = ratio_interval({std::exp(-1.0), 1, std::exp(1.0)});
  ASSERT_TRUE(interval);
  EXPECT_NEAR(interval->ratio, 1, 1e-12);
  EXPECT_NEAR(interval->high, std::exp(4.303 / std::sqrt(3.0)), 1e-9);
  EXPECT_NEAR(interval->low * interval->high, 1, 1e-9);
  EXPECT_FALSE(interval->is_significant());
}

TEST(RatioInterval, EqualPairsLeaveNoDoubt) {
  const auto interval = ratio_interval({2, 2, 2, 2});
  EXPECT_NEAR(interval->low, 2, 1e-12);
  EXPECT_NEAR(interval->high, 2, 1e-12);
  EXPECT_TRUE(interval->is_significant());
}

TEST(RatioInterval, HoldsTheTrueRatioIn95Of100) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> noise(std::log(1.2), 0.1);
  int held = 0;
  for (int run = 0; run < 4000; ++run) {
    std::vector<double> ratios;
    for (int pair = 0; pair < 10; ++pair) ratios.push_back(std::exp(noise(random)));
    const auto interval = ratio_interval(ratios);
    held += interval->low <= 1.2 && 1.2 <= interval->high ? 1 : 0;
  }
  EXPECT_NEAR(held / 4000.0, 0.95, 0.012);
}

TEST(RatioInterval, IsNothingOfTooFewOrOfNoNumbers) {
  EXPECT_FALSE(ratio_interval({1, 1}));
  EXPECT_FALSE(ratio_interval({1, 1, 0}));
  EXPECT_FALSE(ratio_interval({1, 1, -1}));
  EXPECT_FALSE(ratio_interval({1, 1, std::numeric_limits<double>::quiet_NaN()}));
  EXPECT_FALSE(ratio_interval({1, 1, std::numeric_limits<double>::infinity()}));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::cli
