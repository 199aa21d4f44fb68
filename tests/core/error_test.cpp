// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <gantry/error.hpp>

#include <utility>

namespace gantry::inline GANTRY_ABI {
namespace {

TEST(Error, NamesAllTenCodes) {
  const std::pair<ErrorCode, const char*> kNames[] = {{ErrorCode::kInvalidArgument, "invalid_argument"},
                                                      {ErrorCode::kNotFound, "not_found"},
                                                      {ErrorCode::kFailedPrecondition, "failed_precondition"},
                                                      {ErrorCode::kUnsupported, "unsupported"},
                                                      {ErrorCode::kResourceExhausted, "resource_exhausted"},
                                                      {ErrorCode::kCancelled, "cancelled"},
                                                      {ErrorCode::kDeadlineExceeded, "deadline_exceeded"},
                                                      {ErrorCode::kUnavailable, "unavailable"},
                                                      {ErrorCode::kModelError, "model_error"},
                                                      {ErrorCode::kInternal, "internal"}};
  for (const auto& [code, name] : kNames) {
    EXPECT_STREQ(to_string(code), name);
    EXPECT_EQ(Error(code, "why").to_string(), std::string(name) + ": why");
  }
}

TEST(Error, NamesACodeThatDoesNotExistInternal) {
  EXPECT_STREQ(to_string(static_cast<ErrorCode>(77)), "internal");
}

TEST(Error, PathGrowsOutwards) {
  const Error inner(ErrorCode::kInvalidArgument, "truncated JPEG at byte 1034");
  const Error outer = inner.within("stage 'image.decode'").within("pipeline 'cats'");
  EXPECT_EQ(outer.path(), (std::vector<std::string>{"pipeline 'cats'", "stage 'image.decode'"}));
  EXPECT_EQ(outer.to_string(), "invalid_argument: pipeline 'cats' > stage 'image.decode': truncated JPEG at byte 1034");
  EXPECT_EQ(outer.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(outer.message(), inner.message());
}

TEST(Error, IsOneLineWhateverNamesAreInIt) {
  const Error error = Error(ErrorCode::kNotFound, "no 'a\nb'\x1b[1m \xc3\xa9").within("stage 'x\ty\x7f'");
  EXPECT_EQ(error.to_string(), "not_found: stage 'x\\u0009y\\u007f': no 'a\\u000ab'\\u001b[1m \xc3\xa9");
  EXPECT_EQ(error.message(), "no 'a\nb'\x1b[1m \xc3\xa9") << "the message itself is as it was given";
}

TEST(Error, WithinLeavesTheOriginalAlone) {
  const Error inner(ErrorCode::kInternal, "x");
  const Error copy = inner;
  static_cast<void>(inner.within("outside"));
  EXPECT_TRUE(inner.path().empty());
  EXPECT_TRUE(copy.path().empty());
}

TEST(Error, MovedFromErrorCanBeRead) {
  Error error(ErrorCode::kNotFound, "x");
  const Error taken = std::move(error);
  EXPECT_EQ(taken.code(), ErrorCode::kNotFound);
  EXPECT_EQ(error.code(), ErrorCode::kInternal);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(error.to_string(), "internal: this error was moved from");
  EXPECT_EQ(error.within("there").path().size(), 1u);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
