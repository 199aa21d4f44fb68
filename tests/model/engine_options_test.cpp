// SPDX-License-Identifier: Apache-2.0
#include <gantry/engine_options.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/matchers.hpp"

namespace gantry::test {
namespace {

using testing::ElementsAre;

Result<EngineOptions> parsed(const std::string& text) {
  return EngineOptions::from_json(JsonView::parse(text, "options").value());
}

TEST(EngineOptions, HoldWhatIsSetLast) {
  EngineOptions options;
  options.set("streams", 2).set("precision", "f16").set("streams", 3);
  EXPECT_EQ(*options.find("streams"), OptionValue(3));
  EXPECT_EQ(options.find("threads"), nullptr);
  EngineOptions over;
  over.set("precision", "f32").set("cache", true);
  const EngineOptions all = options.with(over);
  EXPECT_EQ(*all.find("streams"), OptionValue(3));
  EXPECT_EQ(*all.find("precision"), OptionValue("f32"));
  EXPECT_EQ(*all.find("cache"), OptionValue(true));
}

TEST(EngineOptions, ComeFromJsonWithTheirTypes) {
  const auto options = parsed(R"({"a": true, "b": -7, "c": 1.0, "d": "x", "e": [1, "y", [2.5]], "f": {"g": false}})");
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(*options->find("a"), OptionValue(true));
  EXPECT_EQ(*options->find("b"), OptionValue(-7));
  EXPECT_EQ(*options->find("c"), OptionValue(1.0));
  EXPECT_FALSE(*options->find("c") == OptionValue(1)) << "a number is not an integer";
  EXPECT_EQ(*options->find("d"), OptionValue("x"));
  EXPECT_EQ(*options->find("e"), OptionValue(OptionValue::List{1, "y", OptionValue::List{2.5}}));
  EXPECT_EQ(*options->find("f"), OptionValue(OptionValue::Object{{"g", false}}));
  EXPECT_EQ(*parsed(R"({"least": -9223372036854775808})")->find("least"), OptionValue(std::int64_t{INT64_MIN}));
  EXPECT_EQ(*parsed(R"({"large": 1e300})")->find("large"), OptionValue(1e300));
}

TEST(EngineOptions, FromJsonRefusesWhatIsNoOptionByItsPath) {
  EXPECT_THAT(parsed("[]"), FailsWith(ErrorCode::kInvalidArgument, "options: expected an object, got a list"));
  EXPECT_THAT(parsed(R"({"a": {"b": [null]}})"),
              FailsWith(ErrorCode::kInvalidArgument, "options.a.b[0]: expected true, false, a number"));
  EXPECT_THAT(parsed(R"({"a": 9223372036854775808})"),
              FailsWith(ErrorCode::kInvalidArgument, "options.a: expected an integer of 64 bits"));
}

TEST(OptionReader, GivesWhatIsSetOrTheFallback) {
  EngineOptions options;
  options.set("flag", true).set("count", 3).set("ratio", 2).set("name", "x").set("paths", OptionValue::List{"a", "b"});
  options.set("map", OptionValue::Object{{"k", 1}});
  OptionReader reader(options);
  EXPECT_TRUE(reader.boolean("flag", false));
  EXPECT_EQ(reader.integer("count", 1, 8, 1), 3);
  EXPECT_EQ(reader.number("ratio", 0.5), 2.0);
  EXPECT_EQ(reader.text("name", ""), "x");
  EXPECT_THAT(reader.texts("paths"), ElementsAre("a", "b"));
  EXPECT_EQ(reader.object("map"), (OptionValue::Object{{"k", 1}}));
  EXPECT_TRUE(reader.boolean("other_flag", true));
  EXPECT_EQ(reader.integer("other_count", 1, 8, 5), 5);
  EXPECT_EQ(reader.number("other_ratio", 0.5), 0.5);
  EXPECT_EQ(reader.text("other_name", "y"), "y");
  EXPECT_TRUE(reader.texts("other_paths").empty());
  EXPECT_TRUE(reader.object("other_map").empty());
  EXPECT_THAT(reader.finish(), IsOk());
}

TEST(OptionReader, RefusesWhatNobodyAskedForAndNamesTheKnownOnes) {
  EngineOptions options;
  options.set("presision", "f16");
  OptionReader reader(options);
  reader.text("precision", "f32");
  reader.integer("streams", 1, 8, 1);
  EXPECT_THAT(reader.finish(),
              FailsWith(ErrorCode::kInvalidArgument, "unknown option 'presision'; known are 'precision', 'streams'"));
  OptionReader none(options);
  EXPECT_THAT(none.finish(), FailsWith(ErrorCode::kInvalidArgument, "'presision'; it has no options"));
}

TEST(OptionReader, KeepsTheFirstMistake) {
  EngineOptions options;
  options.set("streams", 99).set("flag", 1).set("paths", OptionValue::List{"a", 2});
  OptionReader reader(options);
  EXPECT_EQ(reader.integer("streams", 1, 8, 4), 4);
  EXPECT_FALSE(reader.boolean("flag", false));
  reader.texts("paths");
  EXPECT_THAT(reader.finish(), FailsWith(ErrorCode::kInvalidArgument, "option 'streams': must be 1..8, got 99"));
  OptionReader flag(options);
  flag.boolean("flag", false);
  EXPECT_THAT(flag.finish(), FailsWith(ErrorCode::kInvalidArgument, "option 'flag': expected true or false, got 1"));
  OptionReader paths(options);
  EXPECT_TRUE(paths.texts("paths").empty());
  EXPECT_THAT(paths.finish(), FailsWith(ErrorCode::kInvalidArgument, "option 'paths': item 1: expected a string"));
}

}  // namespace
}  // namespace gantry::test
