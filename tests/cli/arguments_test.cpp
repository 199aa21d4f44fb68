// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.hpp"

#include <gtest/gtest.h>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using test::FailsWith;
using test::IsOk;
using testing::ElementsAre;

const CommandSpec kSpec = {
    "try FILE... [--flag] [--name N] [--many M]...", 1, 2, {{"flag"}, {"name", true}, {"many", true, true}}};

Result<Arguments> parse(std::vector<std::string> words) {
  return Arguments::parse(words, kSpec);
}

TEST(Arguments, AcceptsOptionsAnywhereAndBothFormsOfValues) {
  const auto arguments = parse({"--name", "x", "a", "--flag", "--many=1", "b", "--many", "2"});
  ASSERT_THAT(arguments, IsOk());
  EXPECT_THAT(arguments->positional(), ElementsAre("a", "b"));
  EXPECT_TRUE(arguments->has("flag"));
  EXPECT_EQ(arguments->value("name"), "x");
  EXPECT_THAT(arguments->values("many"), ElementsAre("1", "2"));
  EXPECT_FALSE(arguments->value("absent").has_value());
  EXPECT_TRUE(arguments->values("absent").empty());
}

TEST(Arguments, TakesEverythingAfterTwoDashesAsAnArgument) {
  const auto arguments = parse({"--", "--flag", "-x"});
  ASSERT_THAT(arguments, IsOk());
  EXPECT_THAT(arguments->positional(), ElementsAre("--flag", "-x"));
  EXPECT_FALSE(arguments->has("flag"));
}

TEST(Arguments, KeepsAValueThatLooksLikeAnOptionOrHoldsAnEqualsSign) {
  EXPECT_EQ(parse({"a", "--name", "--flag"})->value("name"), "--flag");
  EXPECT_EQ(parse({"a", "--name=x=y"})->value("name"), "x=y");
}

TEST(Arguments, RefusesWhatTheCommandDoesNotAccept) {
  EXPECT_THAT(parse({"a", "--nmae", "x"}),
              FailsWith(ErrorCode::kInvalidArgument, "unknown option '--nmae'; known are --flag, --name, --many"));
  EXPECT_THAT(parse({"a", "-f"}), FailsWith(ErrorCode::kInvalidArgument, "unknown option '-f'"));
  EXPECT_THAT(parse({"a", "--name"}), FailsWith(ErrorCode::kInvalidArgument, "--name needs a value"));
  EXPECT_THAT(parse({"a", "--name="}),
              FailsWith(ErrorCode::kInvalidArgument, "--name needs a value, got an empty one"));
  EXPECT_THAT(parse({"a", "--flag=1"}), FailsWith(ErrorCode::kInvalidArgument, "--flag takes no value"));
  EXPECT_THAT(parse({"a", "--flag", "--flag"}), FailsWith(ErrorCode::kInvalidArgument, "--flag may be given once"));
  EXPECT_THAT(parse({}), FailsWith(ErrorCode::kInvalidArgument, "too few arguments"));
  EXPECT_THAT(parse({"a", "b", "c"}), FailsWith(ErrorCode::kInvalidArgument, "too many arguments"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::cli
