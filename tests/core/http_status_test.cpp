// SPDX-License-Identifier: Apache-2.0
#include <gantry/http_status.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace gantry {
namespace {

using namespace std::chrono_literals;

int status(ErrorCode code, ErrorReason reason = ErrorReason::kNone) {
  return http_status(Error(code, "why").with_reason(reason));
}

TEST(HttpStatus, FollowsTheCodeWhereThereIsNoReason) {
  EXPECT_EQ(status(ErrorCode::kInvalidArgument), 400);
  EXPECT_EQ(status(ErrorCode::kNotFound), 404);
  EXPECT_EQ(status(ErrorCode::kFailedPrecondition), 500);
  EXPECT_EQ(status(ErrorCode::kUnsupported), 501);
  EXPECT_EQ(status(ErrorCode::kResourceExhausted), 503);
  EXPECT_EQ(status(ErrorCode::kCancelled), 499);
  EXPECT_EQ(status(ErrorCode::kDeadlineExceeded), 504);
  EXPECT_EQ(status(ErrorCode::kUnavailable), 503);
  EXPECT_EQ(status(ErrorCode::kModelError), 500);
  EXPECT_EQ(status(ErrorCode::kInternal), 500);
  EXPECT_EQ(status(static_cast<ErrorCode>(77)), 500);
}

TEST(HttpStatus, TellsWhatTheClientSentWrongFromWhatTheServerLacks) {
  EXPECT_EQ(status(ErrorCode::kResourceExhausted, ErrorReason::kInputTooLarge), 413);
  EXPECT_EQ(status(ErrorCode::kInvalidArgument, ErrorReason::kInputTooLarge), 413);
  EXPECT_EQ(status(ErrorCode::kInvalidArgument, ErrorReason::kMediaType), 415);
  EXPECT_EQ(status(ErrorCode::kUnsupported, ErrorReason::kMediaType), 415);
  EXPECT_EQ(status(ErrorCode::kResourceExhausted, ErrorReason::kOutOfMemory), 503);
  EXPECT_EQ(http_status(Error::out_of_memory()), 503);
}

TEST(HttpStatus, SaysThatAnotherServerMayDoIt) {
  for (const ErrorReason reason : {ErrorReason::kQueueFull, ErrorReason::kShed, ErrorReason::kDeadlineUnreachable})
    EXPECT_EQ(status(ErrorCode::kResourceExhausted, reason), 503) << to_string(reason);
  EXPECT_EQ(status(ErrorCode::kUnavailable), 503);
  EXPECT_EQ(status(ErrorCode::kUnavailable, ErrorReason::kUnhealthy), 503);
  EXPECT_EQ(status(ErrorCode::kUnavailable, ErrorReason::kShutdown), 503);
}

TEST(HttpStatus, TellsADeadlineFromACancellation) {
  EXPECT_EQ(status(ErrorCode::kDeadlineExceeded, ErrorReason::kDeadlinePassed), 504);
  EXPECT_EQ(status(ErrorCode::kDeadlineExceeded, ErrorReason::kDeadlineUnreachable), 504);
  EXPECT_EQ(status(ErrorCode::kCancelled, ErrorReason::kCancelled), 499);
}

TEST(RetryAfter, IsInWholeSecondsRoundedUp) {
  const Error full(ErrorCode::kResourceExhausted, "full");
  EXPECT_EQ(retry_after(full.with_reason(ErrorReason::kQueueFull, 1ms)), 1s);
  EXPECT_EQ(retry_after(full.with_reason(ErrorReason::kQueueFull, 1000ms)), 1s);
  EXPECT_EQ(retry_after(full.with_reason(ErrorReason::kShed, 1001ms)), 2s);
  EXPECT_EQ(retry_after(Error(ErrorCode::kUnavailable, "away").with_reason(ErrorReason::kNone, 1ms)), 1s);
  EXPECT_EQ(retry_after(full.with_reason(ErrorReason::kQueueFull)), std::nullopt) << "not known";
  EXPECT_EQ(retry_after(full.with_reason(ErrorReason::kInputTooLarge, 5s)), std::nullopt) << "it would not help";
}

}  // namespace
}  // namespace gantry
