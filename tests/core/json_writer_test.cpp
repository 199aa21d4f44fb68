// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <gantry/json_writer.hpp>
#include <limits>
#include <string>
#include <vector>

#include "support/host_locale.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;

template <class T>
std::string text_of(const T& content) {
  JsonWriter writer;
  writer.value(content);
  return writer.finish().value();
}

TEST(JsonWriter, WritesNestedValuesInTheOrderOfTheCalls) {
  JsonWriter writer;
  writer.begin_object().field("b", 1).key("a").begin_list().value(true).null().begin_object().end_object();
  writer.begin_list().end_list().end_list().key("c").list(Span<const int>(std::vector<int>{1, -2}));
  writer.end_object();
  EXPECT_EQ(writer.finish().value(), R"({"b":1,"a":[true,null,{},[]],"c":[1,-2]})");
}

TEST(JsonWriter, WritesTheFewestDigitsThatReadBackEqual) {
  EXPECT_EQ(text_of(0.1f), "0.1");
  EXPECT_EQ(text_of(0.1), "0.1");
  EXPECT_EQ(text_of(0.3946f), "0.3946");
  EXPECT_EQ(text_of(2.0), "2.0");
  EXPECT_EQ(text_of(-0.0f), "-0.0");
  EXPECT_EQ(text_of(16777216.0f), "16777216.0");
  EXPECT_EQ(text_of(5.9604645e-08f), "5.9604645e-08");
  for (const double number : {1e300, 5e-324, 123456789.125, -1e20})
    EXPECT_EQ(JsonView::parse(text_of(number)).value().number().value(), number);
}

TEST(JsonWriter, WritesNumbersThatJsonLacksAsNull) {
  EXPECT_EQ(text_of(std::nanf("")), "null");
  EXPECT_EQ(text_of(-std::numeric_limits<double>::infinity()), "null");
}

TEST(JsonWriter, WritesEveryInteger) {
  EXPECT_EQ(text_of(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(text_of(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(text_of(std::uint8_t{255}), "255");
  EXPECT_EQ(text_of(std::int8_t{-1}), "-1");
}

TEST(JsonWriter, EscapesText) {
  const std::string text = "a\"\\/\b\f\n\r\t\x01\x1f\x7f \u00e9\U0001f600";
  EXPECT_EQ(text_of(text), "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f \u00e9\U0001f600\"");
  EXPECT_EQ(JsonView::parse(text_of(text)).value().string().value(), text);
  EXPECT_EQ(text_of(std::string("a\0b", 3)), "\"a\\u0000b\"");
}

TEST(JsonWriter, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(text_of("a\xff\xc3(\xed\xa0\x80"), "\"a\uFFFD\uFFFD(\uFFFD\uFFFD\uFFFD\"");
}

TEST(JsonWriter, WritesJsonThatWasRead) {
  JsonWriter writer;
  writer.begin_list().value(JsonView::parse(R"({"a": [1.5]})").value()).value(JsonView()).end_list();
  EXPECT_EQ(writer.finish().value(), R"([{"a":[1.5]},null])");
}

TEST(JsonWriter, WritesTheSameInEveryLocale) {
  const test::HostLocale german("de_DE");
  EXPECT_EQ(text_of(1234.5), "1234.5");
}

TEST(JsonWriter, ReportsTheFirstCallOutOfPlace) {
  const auto mistake = [](auto write) {
    JsonWriter writer;
    write(writer);
    return writer.finish();
  };
  const auto refuses = [](const char* text) { return FailsWith(ErrorCode::kInternal, text); };
  EXPECT_THAT(mistake([](JsonWriter&) {}), refuses("nothing was written"));
  EXPECT_THAT(mistake([](JsonWriter& w) { w.begin_list(); }), refuses("was not ended"));
  EXPECT_THAT(mistake([](JsonWriter& w) { w.begin_object().key("a").end_object(); }),
              refuses("the end of an object where there is none to end, behind {\"a\":"));
  EXPECT_THAT(mistake([](JsonWriter& w) { w.begin_object().value(1).end_object(); }),
              refuses("an integer where a key belongs"));
  EXPECT_THAT(mistake([](JsonWriter& w) { w.value(1).value("x"); }), refuses("a string where the value is complete"));
  EXPECT_THAT(mistake([](JsonWriter& w) { w.begin_list().key("a"); }), refuses("the key 'a' outside an object"));
  EXPECT_THAT(mistake([](JsonWriter& w) { w.begin_object().key("a").key("b"); }), refuses("the key 'b'"));
  EXPECT_THAT(mistake([](JsonWriter& w) { w.begin_list().end_object(); }), refuses("the end of an object"));
  EXPECT_THAT(mistake([](JsonWriter& w) { w.value(1).end_list(); }), refuses("the end of a list"));
  EXPECT_THAT(mistake([](JsonWriter& w) { w.end_list().begin_object().key("a").key("b"); }),
              refuses("the end of a list"));
}

TEST(JsonWriter, IsAsNewOnceItIsFinished) {
  JsonWriter writer;
  writer.end_list();
  EXPECT_FALSE(writer.finish());
  EXPECT_EQ(writer.value(1).finish().value(), "1");
  EXPECT_EQ(writer.value("two").finish().value(), "\"two\"");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
