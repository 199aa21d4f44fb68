// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <gantry/json.hpp>
#include <string>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::IsOk;

JsonView parsed(const std::string& text, std::string path = "test") {
  return JsonView::parse(text, std::move(path)).value();
}

TEST(JsonView, TellsItsKind) {
  const auto items = parsed(R"([null, true, 3, 3.0, "x", [], {}, 1e2, 18446744073709551615])").items().value();
  const JsonKind kinds[] = {JsonKind::kNull,   JsonKind::kBool,   JsonKind::kInteger,
                            JsonKind::kNumber, JsonKind::kString, JsonKind::kList,
                            JsonKind::kObject, JsonKind::kNumber, JsonKind::kNumber};
  ASSERT_EQ(items.size(), std::size(kinds));
  for (std::size_t i = 0; i < items.size(); ++i) EXPECT_EQ(items[i].kind(), kinds[i]) << i;
  EXPECT_EQ(JsonView().kind(), JsonKind::kNull);
}

TEST(JsonView, GivesWhatItHolds) {
  EXPECT_EQ(parsed("true").boolean().value(), true);
  EXPECT_EQ(parsed("2.0").integer().value(), 2);
  EXPECT_EQ(parsed("9007199254740991.0").integer().value(), 9007199254740991);
  for (const char* inexact : {"9007199254740992.0", "9007199254740993.0", "-9007199254740993.0", "1e18"})
    EXPECT_FALSE(parsed(inexact).integer().ok()) << inexact;
  EXPECT_EQ(parsed("9223372036854775807").integer().value(), INT64_MAX);
  EXPECT_EQ(parsed("0.1").number().value(), 0.1);
  EXPECT_EQ(parsed("3").number().value(), 3.0);
  EXPECT_EQ(parsed(R"("a\u00e9")").string().value(), "a\u00e9");
  EXPECT_EQ(parsed("[1, 2.5]").numbers().value(), (std::vector<double>{1, 2.5}));
  EXPECT_EQ(parsed("[1, -9007199254740993]").integers().value(), (std::vector<std::int64_t>{1, -9007199254740993}));
}

TEST(JsonView, SaysWhereSomethingElseWasExpected) {
  EXPECT_THAT(parsed("1").boolean(), FailsWith(ErrorCode::kInvalidArgument, "test: expected true or false, got 1"));
  EXPECT_THAT(parsed("2.5").integer(), FailsWith(ErrorCode::kInvalidArgument, "test: expected an integer, got 2.5"));
  EXPECT_THAT(parsed("18446744073709551615").integer(), FailsWith(ErrorCode::kInvalidArgument, "expected an integer"));
  EXPECT_THAT(parsed(R"("a")").number(), FailsWith(ErrorCode::kInvalidArgument, "test: expected a number, got \"a\""));
  EXPECT_THAT(parsed("{}").string(), FailsWith(ErrorCode::kInvalidArgument, "test: expected a string, got an object"));
  EXPECT_THAT(parsed("{}").items(), FailsWith(ErrorCode::kInvalidArgument, "test: expected a list, got an object"));
  EXPECT_THAT(parsed("[]").members(), FailsWith(ErrorCode::kInvalidArgument, "test: expected an object, got a list"));
  EXPECT_THAT(parsed("[1, \"a\"]").numbers(),
              FailsWith(ErrorCode::kInvalidArgument, "test[1]: expected a number, got \"a\""));
  EXPECT_THAT(parsed("[1, 0.5]").integers(),
              FailsWith(ErrorCode::kInvalidArgument, "test[1]: expected an integer, got 0.5"));
  EXPECT_THAT(parsed("7").numbers(), FailsWith(ErrorCode::kInvalidArgument, "test: expected a list of numbers, got 7"));
}

TEST(JsonView, KnowsThePathOfEachPart) {
  const JsonView root = parsed(R"({"b": [{"c": 1}], "a": 2})");
  const auto members = root.members().value();
  ASSERT_EQ(members.size(), 2u);
  EXPECT_EQ(members[0].key, "a");
  EXPECT_EQ(members[0].value.path(), "test.a");
  EXPECT_EQ(members[1].value.items().value()[0].find("c")->path(), "test.b[0].c");
  EXPECT_FALSE(root.find("d"));
  EXPECT_FALSE(members[0].value.find("d"));
  EXPECT_EQ(parsed("{\"a\": 1}", "").find("a")->path(), "a");
  EXPECT_EQ(root.find("b")->size(), 1u);
  EXPECT_EQ(members[0].value.size(), 0u);
}

TEST(JsonView, PartsOutliveTheView) {
  std::optional<JsonView> part;
  {
    const JsonView root = parsed(R"({"a": ["a long text that no small string holds inline"]})");
    part = root.find("a")->items().value()[0];
  }
  EXPECT_EQ(part->string().value(), "a long text that no small string holds inline");
}

TEST(JsonView, ParsesStrictly) {
  EXPECT_THAT(JsonView::parse("{\"a\":1,\"a\":2}", "config"),
              FailsWith(ErrorCode::kInvalidArgument, "config: key \"a\" appears twice"));
  EXPECT_THAT(JsonView::parse("[1"), FailsWith(ErrorCode::kInvalidArgument, "JSON: not JSON"));
}

TEST(JsonView, WritesItself) {
  EXPECT_EQ(parsed(R"( {"b": [1, 2.5, "x"], "a": null} )").to_string(), R"({"a":null,"b":[1,2.5,"x"]})");
  EXPECT_EQ(parsed("[1]").describe(), "a list");
}

TEST(JsonFields, ReadsTheMembersOfAnObject) {
  JsonFields fields(parsed(R"({"i": 3, "n": 2.5, "b": true, "s": "x", "l": [1, 2], "c": "two", "any": {"k": 1}})"));
  EXPECT_EQ(fields.integer("i"), 3);
  EXPECT_EQ(fields.number("n"), 2.5);
  EXPECT_EQ(fields.boolean("b"), true);
  EXPECT_EQ(fields.string("s"), "x");
  EXPECT_EQ(fields.numbers("l"), (std::vector<double>{1, 2}));
  EXPECT_EQ(fields.choice("c", {"one", "two"}), 1u);
  EXPECT_EQ(fields.find("any")->find("k")->path(), "test.any.k");
  EXPECT_EQ(fields.require("any").size(), 1u);
  EXPECT_EQ(fields.integer("absent", 7), 7);
  EXPECT_FALSE(fields.find("none"));
  EXPECT_THAT(fields.finish(), IsOk());
}

TEST(JsonFields, KeepsTheFirstMistake) {
  JsonFields wrong(parsed(R"({"a": "x", "b": 1})"));
  EXPECT_EQ(wrong.number("a"), 0.0);
  EXPECT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.string("b"), "");
  EXPECT_THAT(wrong.finish(), FailsWith(ErrorCode::kInvalidArgument, "test.a: expected a number, got \"x\""));

  JsonFields unknown(parsed(R"({"a": 1, "colour": 2})"));
  unknown.integer("a");
  EXPECT_THAT(unknown.finish(), FailsWith(ErrorCode::kInvalidArgument, "test.colour: unknown key; expected one of a"));

  JsonFields absent(parsed("{}"));
  EXPECT_EQ(absent.require("a").kind(), JsonKind::kNull);
  EXPECT_THAT(absent.finish(), FailsWith(ErrorCode::kInvalidArgument, "test.a: is required"));

  JsonFields none(parsed("[1]"));
  EXPECT_EQ(none.integer("a", 5), 5);
  EXPECT_THAT(none.finish(), FailsWith(ErrorCode::kInvalidArgument, "test: expected an object, got a list"));

  JsonFields refused(parsed(R"({"a": 1})"));
  if (refused.integer("a") == 1) refused.fail("a", "must not be 1");
  EXPECT_THAT(refused.finish(), FailsWith(ErrorCode::kInvalidArgument, "test.a: must not be 1"));
}

TEST(JsonFields, CanBeMoved) {
  JsonFields first(parsed(R"({"a": 1})"));
  JsonFields second = std::move(first);
  EXPECT_EQ(second.integer("a"), 1);
  EXPECT_THAT(second.finish(), IsOk());
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
