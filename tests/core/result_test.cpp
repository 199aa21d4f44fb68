// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <gantry/result.hpp>

#include <memory>
#include <string>
#include <vector>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::IsOk;

Result<std::vector<int>> make_list() {
  return std::vector<int>{1, 2, 3};
}

TEST(Result, HoldsAValue) {
  Result<std::string> result = std::string("text");
  ASSERT_THAT(result, IsOk());
  EXPECT_TRUE(static_cast<bool>(result));
  EXPECT_EQ(*result, "text");
  EXPECT_EQ(result->size(), 4u);
  EXPECT_EQ(result.value(), "text");
}

TEST(Result, HoldsAnError) {
  const Result<int> result = Error(ErrorCode::kUnsupported, "no");
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kUnsupported);
}

TEST(Result, ValueThrowsTheErrorWhenThereIsNone) {
  const Result<int> result = Error(ErrorCode::kNotFound, "nowhere");
  try {
    static_cast<void>(result.value());
    FAIL() << "did not throw";
  } catch (const ResultError& thrown) {
    EXPECT_STREQ(thrown.what(), "not_found: nowhere");
    EXPECT_EQ(thrown.error().code(), ErrorCode::kNotFound);
  }
  Result<void> nothing = Error(ErrorCode::kCancelled, "stop");
  EXPECT_THROW(nothing.value(), ResultError);
}

TEST(Result, ValueOrGivesTheFallbackForAnError) {
  EXPECT_EQ(Result<int>(Error(ErrorCode::kInternal, "x")).value_or(7), 7);
  EXPECT_EQ(Result<int>(5).value_or(7), 5);
}

TEST(Result, ARangeLoopOverATemporaryIsSafe) {
  int sum = 0;
  for (const int number : make_list().value()) sum += number;
  EXPECT_EQ(sum, 6);
}

TEST(Result, CarriesMoveOnlyValues) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 3);
}

TEST(Result, OfVoidIsOkByDefault) {
  const Result<void> fine;
  EXPECT_THAT(fine, IsOk());
  EXPECT_NO_THROW(fine.value());
  const Result<void> broken = Error(ErrorCode::kInternal, "x");
  EXPECT_FALSE(broken.ok());
}

TEST(Result, CopiesAreIndependent) {
  Result<std::string> a = std::string("a");
  const Result<std::string> b = a;
  *a = "changed";
  EXPECT_EQ(*b, "a");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
