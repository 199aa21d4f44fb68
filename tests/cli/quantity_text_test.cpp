// SPDX-License-Identifier: Apache-2.0
#include "cli/quantity_text.hpp"

#include <gtest/gtest.h>

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using std::chrono::nanoseconds;

TEST(QuantityText, ReadsDurationsWithTheirUnit) {
  EXPECT_EQ(parse_duration("20ms").value(), std::chrono::milliseconds(20));
  EXPECT_EQ(parse_duration("1.5 s").value(), std::chrono::milliseconds(1500));
  EXPECT_EQ(parse_duration("800us").value(), std::chrono::microseconds(800));
  EXPECT_EQ(parse_duration("1ns").value(), nanoseconds(1));
  EXPECT_EQ(parse_duration("2min").value(), std::chrono::minutes(2));
  EXPECT_EQ(parse_duration("1h").value(), std::chrono::hours(1));
  for (const char* text :
       {"", "20", "ms", "20 mss", "-1ms", "0ms", "1e3ms", "nanms", "infs", "0.1ns", "1001h", "20ms "})
    EXPECT_FALSE(parse_duration(text).ok()) << text;
}

TEST(QuantityText, WritesThreeSignificantDigits) {
  EXPECT_EQ(duration_text(nanoseconds(812)), "812 ns");
  EXPECT_EQ(duration_text(nanoseconds(81234)), "81.2 us");
  EXPECT_EQ(duration_text(nanoseconds(999499)), "999 us");
  EXPECT_EQ(duration_text(nanoseconds(999500)), "1.00 ms");
  EXPECT_EQ(duration_text(nanoseconds(20949000)), "20.9 ms");
  EXPECT_EQ(duration_text(std::chrono::seconds(75)), "75.0 s");
  EXPECT_EQ(number_text(0.125), "0.125");
  EXPECT_EQ(number_text(47.12), "47.1");
  EXPECT_EQ(number_text(99.96), "100");
  EXPECT_EQ(number_text(1234.5), "1234");
  EXPECT_EQ(bytes_text(212ULL << 20), "212 MiB");
  EXPECT_EQ(bytes_text(3ULL << 29), "1.50 GiB");
}

TEST(QuantityText, ReadsListsOfNumbersWithinLimits) {
  EXPECT_EQ(parse_numbers("1,2.5,10", 1, 10).value(), (std::vector<double>{1, 2.5, 10}));
  for (const char* text : {"", ",", "1,", ",1", "1;2", "0", "11", "1 ,2"})
    EXPECT_FALSE(parse_numbers(text, 1, 10).ok()) << text;
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::cli
