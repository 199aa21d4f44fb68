// SPDX-License-Identifier: Apache-2.0
#include <gantry/engine_loader.hpp>
#include <gantry/engine_options.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {
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

TEST(OptionReader, RefusesUnknownOptionsAndNamesTheKnownOnes) {
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

/// As the head of the header has it.
Result<std::string> read_precision(const LoadRequest& request) {
  OptionReader reader(request.options());
  const std::string precision = reader.text("precision", "f32");
  if (auto ok = reader.finish(); !ok) return std::move(ok).error();
  return precision;
}

TEST(OptionReader, ReadsWhatARequestGives) {
  LoadRequest request;
  EXPECT_EQ(read_precision(request).value(), "f32");
  request.package_options.set("precision", "bf16");
  request.host_options.set("precision", "f16");
  EXPECT_EQ(read_precision(request).value(), "f16");
  request.host_options.set("streams", 2);
  EXPECT_THAT(read_precision(request), FailsWith(ErrorCode::kInvalidArgument, "unknown option 'streams'"));
}

TEST(OptionReader, ReadsAWholeNumberAsAnInteger) {
  const auto options =
      EngineOptions::from_json(JsonView::parse(R"({"a": 1.0, "b": 2.5, "c": 1e17, "d": 9.0})").value());
  OptionReader reader(*options);
  EXPECT_EQ(reader.integer("a", 0, 5, 4), 1);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.integer("b", 0, 5, 4), 4);
  EXPECT_THAT(reader.finish(), FailsWith(ErrorCode::kInvalidArgument, "option 'b': expected an integer, got 2.5"));
  OptionReader large(*options);
  EXPECT_EQ(large.integer("c", 0, 5, 4), 4);
  EXPECT_THAT(large.finish(), FailsWith(ErrorCode::kInvalidArgument, "option 'c': expected an integer, got 1e+17"));
  OptionReader beyond(*options);
  EXPECT_EQ(beyond.integer("d", 0, 5, 4), 4);
  EXPECT_THAT(beyond.finish(), FailsWith(ErrorCode::kInvalidArgument, "option 'd': must be 0..5, got 9"));
}

TEST(OptionReader, GivesFallbacksAfterAMistake) {
  EngineOptions options;
  options.set("text", 1).set("i", 3).set("d", 2.5).set("flag", true);
  OptionReader reader(options);
  EXPECT_EQ(reader.text("text", "x"), "x");
  EXPECT_EQ(reader.integer("i", 0, 5, 8), 8);
  EXPECT_EQ(reader.number("i", 9), 9);
  EXPECT_EQ(reader.number("d", 9), 9);
  EXPECT_FALSE(reader.boolean("flag", false));
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
}  // namespace gantry::inline GANTRY_ABI::test
