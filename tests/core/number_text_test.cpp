// SPDX-License-Identifier: Apache-2.0
#include "core/number_text.hpp"

#include <gtest/gtest.h>
#include <locale.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>

#include "core/json_object.hpp"
#include "core/nearest_float.hpp"
#include "support/host_locale.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

TEST(NumberText, IsTheShortestThatReadsBack) {
  EXPECT_EQ(to_text(0.1f), "0.1");
  EXPECT_EQ(to_text(0.1), "0.1");
  EXPECT_EQ(to_text(static_cast<double>(0.1f)), "0.10000000149011612");
  EXPECT_EQ(to_text(-3.0), "-3");
  EXPECT_EQ(to_text(1e20), "1e+20");
  EXPECT_EQ(to_text(std::numeric_limits<double>::infinity()), "inf");
}

TEST(NumberText, IsWhatPrintfWritesInTheCLocale) {
  for (const double value : {0.0, 0.1, 1.0 / 3, 1234567.891, 1e-9, 6.02e23, -5e-324, 1.7e308}) {
    char expected[400];
    std::snprintf(expected, sizeof expected, "%.12g", value);
    EXPECT_EQ(to_text(value, 12), expected);
    std::snprintf(expected, sizeof expected, "%.3f", value);
    EXPECT_EQ(to_fixed_text(value, 3), expected);
  }
}

TEST(NumberText, IsTheSameInEveryHost) {
  const test::HostLocale host("de_DE");
  if (host.has_c_locale()) {
    char text[20];
    std::snprintf(text, sizeof text, "%g", 0.5);
    EXPECT_STREQ(text, "0,5") << "this host writes as the C locale does";
  }
  EXPECT_EQ(to_text(1234567.5), "1234567.5");
  EXPECT_EQ(to_text(1234.5f), "1234.5");
  EXPECT_EQ(to_text(1234567.5, 12), "1234567.5");
  EXPECT_EQ(to_fixed_text(1234567.5, 2), "1234567.50");
}

TEST(NumberText, AFloatIsReadBackAsItWasThoughADoubleLiesBetween) {
  EXPECT_EQ(nearest_float(7.038531e-26), 7.038531e-26f);
  EXPECT_NE(static_cast<float>(7.038531e-26), 7.038531e-26f) << "the case that a cast gets wrong";
  EXPECT_EQ(nearest_float(-7.038531e-26), -7.038531e-26f);
  EXPECT_EQ(nearest_float(1e-60), 0.0f);
  EXPECT_EQ(nearest_float(1e300), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(nearest_float(std::nan(""))));
  std::mt19937 random(3);
  for (int i = 0; i < 1000000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random());
    float number = 0;
    std::memcpy(&number, &bits, sizeof number);
    if (!std::isfinite(number)) continue;
    const std::string text = to_text(number);
    double read = 0;
    std::from_chars(text.data(), text.data() + text.size(), read);
    EXPECT_EQ(nearest_float(read), number) << text;
  }
}

TEST(Json, ReadsAndWritesTheSameNumbersInEveryHost) {
  const test::HostLocale host("ps_AF");  // its decimal point has two bytes
  const std::string locale = std::setlocale(LC_ALL, nullptr);
  const auto json = parse_json("[0.5, -1.25e-3, 1234567, 1234567.5]", "it");
  ASSERT_TRUE(json) << json.error().to_string();
  EXPECT_EQ((*json)[0].get<double>(), 0.5);
  EXPECT_EQ((*json)[1].get<double>(), -1.25e-3);
  EXPECT_EQ(json->dump(), "[0.5,-0.00125,1234567,1234567.5]");
  EXPECT_EQ(std::setlocale(LC_ALL, nullptr), locale) << "the host's locale was changed";
  EXPECT_EQ(::uselocale(nullptr), LC_GLOBAL_LOCALE) << "the thread's locale was changed";
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
