// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/chart_axis.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

TEST(ChartAxis, PlacesNumbers) {
  const ChartAxis linear{0, 200, false, 10, 110};
  EXPECT_DOUBLE_EQ(linear.place_of(0), 10);
  EXPECT_DOUBLE_EQ(linear.place_of(100), 60);
  EXPECT_DOUBLE_EQ(linear.place_of(500), 110);
  const ChartAxis logarithmic{0.001, 0.1, true, 300, 100};
  EXPECT_DOUBLE_EQ(logarithmic.place_of(0.01), 200);
  EXPECT_DOUBLE_EQ(logarithmic.place_of(0.0001), 300);
}

TEST(ChartAxis, TicksAreRound) {
  EXPECT_THAT((ChartAxis{0, 110, false}.ticks(8)), ElementsAre(0, 20, 40, 60, 80, 100));
  EXPECT_EQ(number_tick((ChartAxis{0, 110, false}.ticks(8))[0]), "0");
  EXPECT_THAT((ChartAxis{0.8, 120, true}.ticks(7)),
              ElementsAre(DoubleNear(1, 1e-9), DoubleNear(2, 1e-9), DoubleNear(5, 1e-9), DoubleNear(10, 1e-9),
                          DoubleNear(20, 1e-9), DoubleNear(50, 1e-9), DoubleNear(100, 1e-9)));
  EXPECT_THAT((ChartAxis{20.4, 21.2, true}.ticks(6)).size(), testing::Ge(2U));
}

TEST(ChartAxis, TicksAreWithinAndNotTooMany) {
  for (double low = 1e-8; low < 10; low *= 3.7)
    for (double span = 1.02; span < 1e9; span *= 2.3)
      for (const bool is_logarithmic : {false, true}) {
        const ChartAxis axis{low, low * span, is_logarithmic};
        const auto ticks = axis.ticks(8);
        EXPECT_LE(ticks.size(), 8U) << low << " " << span;
        EXPECT_GE(ticks.size(), 2U) << low << " " << span << " " << is_logarithmic;
        for (const double tick : ticks) {
          EXPECT_GE(tick, low * 0.999);
          EXPECT_LE(tick, low * span * 1.001);
        }
      }
}

TEST(ChartAxis, TicksOfSecondsHaveTheUnitThatFits) {
  EXPECT_EQ(seconds_tick(2e-7), "200 ns");
  EXPECT_EQ(seconds_tick(1.5e-5), "15 us");
  EXPECT_EQ(seconds_tick(0.02), "20 ms");
  EXPECT_EQ(seconds_tick(1), "1 s");
  EXPECT_EQ(number_tick(12000), "12000");
  EXPECT_EQ(number_tick(2.5), "2.5");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::cli
