// SPDX-License-Identifier: Apache-2.0
#include "core/json_object.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using test::FailsWith;

Json parsed(const char* text) {
  return parse_json(text, "test").value();
}

TEST(ParseJson, RefusesWhatIsNotStrictJson) {
  for (const char* text : {"", "{", "{\"a\":1,}", "[1] 2", "{'a':1}", "nul", "{\"a\":NaN}", "\xff\xfe", "[1e999]"})
    EXPECT_THAT(parse_json(text, "config"), FailsWith(ErrorCode::kInvalidArgument, "config: not JSON")) << text;
}

TEST(ParseJson, RefusesDuplicateKeysAtAnyDepth) {
  EXPECT_THAT(parse_json(R"({"a":1,"a":2})", "c"),
              FailsWith(ErrorCode::kInvalidArgument, "key \"a\" appears twice in one object"));
  EXPECT_THAT(parse_json(R"([{"b":{"a":1,"b":2,"a":3}}])", "c"), FailsWith(ErrorCode::kInvalidArgument, "\"a\""));
  EXPECT_THAT(parse_json(R"({"a":{"a":1},"b":{"a":1}})", "c"), test::IsOk()) << "each object has keys of its own";
}

TEST(ParseJson, RefusesDeepNesting) {
  const std::string fine = std::string(60, '[') + std::string(60, ']');
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_THAT(parse_json(fine, "c"), test::IsOk());
  EXPECT_THAT(parse_json(deep, "c"), FailsWith(ErrorCode::kInvalidArgument, "nests deeper than 64"));
}

TEST(ParseJson, NestsSixtyFourListsAndObjectsWhateverIsInThem) {
  const auto lists = [](int count, const std::string& content) {
    return std::string(static_cast<std::size_t>(count), '[') + content +
           std::string(static_cast<std::size_t>(count), ']');
  };
  for (const char* content : {"", "1", "1, 2"}) {
    EXPECT_THAT(parse_json(lists(64, content), "c"), test::IsOk()) << content;
    EXPECT_THAT(parse_json(lists(65, content), "c"), FailsWith(ErrorCode::kInvalidArgument, "deeper than 64"))
        << content;
  }
  EXPECT_THAT(parse_json(lists(63, "{\"a\":1}"), "c"), test::IsOk());
  EXPECT_THAT(parse_json(lists(64, "{}"), "c"), FailsWith(ErrorCode::kInvalidArgument, "deeper than 64"));
}

TEST(ParseJson, StopsWhereItIsTooDeep) {
  // Neither closed nor JSON further on: had the parser read on, it would complain of that.
  for (const std::string& rest : {std::string(1 << 20, '['), std::string(100, '[') + "nonsense"})
    EXPECT_THAT(parse_json(rest, "c"), FailsWith(ErrorCode::kInvalidArgument, "c: nests deeper than 64 levels"));
  std::string objects;
  for (int i = 0; i < 70; ++i) objects += "{\"a\":";
  EXPECT_THAT(parse_json(objects, "c"), FailsWith(ErrorCode::kInvalidArgument, "c: nests deeper than 64 levels"));
}

TEST(ParseJson, QuotesNoMoreThanTheFrontOfABrokenToken) {
  const auto broken = parse_json("[\"" + std::string(100000, 'k'), "c");
  ASSERT_THAT(broken, FailsWith(ErrorCode::kInvalidArgument, "c: not JSON: parse error at line 1"));
  EXPECT_LT(broken.error().message().size(), 400u);
}

TEST(ParseJson, NamesALongDuplicateKeyShortly) {
  const std::string key = "\"" + std::string(100000, 'k') + "\":1";
  const auto parsed_twice = parse_json("{" + key + "," + key + "}", "c");
  ASSERT_THAT(parsed_twice, FailsWith(ErrorCode::kInvalidArgument, "kkk... appears twice"));
  EXPECT_LT(parsed_twice.error().message().size(), 200u);
}

TEST(Describe, CutsBetweenCharacters) {
  EXPECT_EQ(describe(Json(std::string(100, 'a'))), "\"" + std::string(59, 'a') + "...");
  for (const std::string character : {"\u00e4", "\u20ac", "\U0001f600"})
    for (std::size_t ascii = 55; ascii < 60; ++ascii) {
      std::string text(ascii, 'a');
      for (int i = 0; i < 5; ++i) text += character;
      const std::string cut = describe(Json(text));
      EXPECT_NO_THROW(static_cast<void>(Json(cut).dump())) << "is not UTF-8: " << cut;
      EXPECT_LE(cut.size(), 63u);
      EXPECT_GE(cut.size(), 59u);
    }
}

TEST(JsonObject, ReadsEachType) {
  const Json json = parsed(R"({"i": 3, "whole": 4.0, "d": 0.5, "b": true, "s": "x", "n": [1, 2.5], "one": 9})");
  JsonObject object(json, "p");
  EXPECT_EQ(object.integer("i"), 3);
  EXPECT_EQ(object.integer("whole"), 4);
  EXPECT_EQ(object.number("d"), 0.5);
  EXPECT_TRUE(object.boolean("b"));
  EXPECT_EQ(object.string("s"), "x");
  EXPECT_EQ(object.numbers("n"), (std::vector<double>{1, 2.5}));
  EXPECT_EQ(object.numbers("one"), (std::vector<double>{9}));
  EXPECT_EQ(object.integer("absent", 5), 5);
  EXPECT_THAT(object.finish(), test::IsOk());
}

TEST(JsonObject, NamesThePathOfTheMistake) {
  struct Case {
    const char* json;
    const char* message;
  };
  const Case kCases[] = {{R"({"size": "large"})", "p[1].size: expected an integer, got \"large\""},
                         {R"({"size": 1.5})", "p[1].size: expected an integer, got 1.5"},
                         {R"({"size": 1e300})", "p[1].size: expected an integer"},
                         {R"({"size": 18446744073709551615})", "p[1].size: expected an integer"},
                         {R"({"size": null})", "p[1].size: expected an integer, got null"},
                         {R"({})", "p[1].size: is required"},
                         {R"({"size": 1, "sise": 2})", "p[1].sise: unknown key; expected one of size"},
                         {R"([])", "p[1]: expected an object, got a list"}};
  for (const Case& test_case : kCases) {
    const Json json = parsed(test_case.json);
    JsonObject object(json, "p[1]");
    object.integer("size");
    EXPECT_THAT(object.finish(), FailsWith(ErrorCode::kInvalidArgument, test_case.message)) << test_case.json;
  }
}

TEST(JsonObject, KeepsTheFirstMistakeOnly) {
  const Json json = parsed(R"({"a": "x", "b": "y"})");
  JsonObject object(json, "");
  object.integer("a");
  EXPECT_EQ(object.integer("b", 4), 4) << "after a mistake the fallback is returned";
  EXPECT_THAT(object.finish(), FailsWith(ErrorCode::kInvalidArgument, "a: expected an integer"));
}

TEST(JsonObject, ChoiceListsWhatIsPossible) {
  const Json json = parsed(R"({"filter": "cubic"})");
  JsonObject object(json, "");
  object.choice("filter", {"bilinear", "bicubic"});
  EXPECT_THAT(object.finish(),
              FailsWith(ErrorCode::kInvalidArgument, R"(filter: expected one of "bilinear", "bicubic", got "cubic")"));
  JsonObject again(json, "");
  EXPECT_EQ(again.choice("absent", {"a", "b"}, 1), 1u);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
