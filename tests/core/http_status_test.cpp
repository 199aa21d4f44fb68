// SPDX-License-Identifier: Apache-2.0
#include <gantry/http_status.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace gantry::inline GANTRY_ABI {
namespace {

using namespace std::chrono_literals;

int status_of(ErrorCode code, ErrorReason reason = ErrorReason::kNone) {
  return http_status(Error(code, "why").with_reason(reason));
}

TEST(HttpStatus, FollowsTheCodeWhereThereIsNoReason) {
  EXPECT_EQ(status_of(ErrorCode::kInvalidArgument), 400);
  EXPECT_EQ(status_of(ErrorCode::kNotFound), 404);
  EXPECT_EQ(status_of(ErrorCode::kFailedPrecondition), 500);
  EXPECT_EQ(status_of(ErrorCode::kUnsupported), 501);
  EXPECT_EQ(status_of(ErrorCode::kResourceExhausted), 503);
  EXPECT_EQ(status_of(ErrorCode::kCancelled), 499);
  EXPECT_EQ(status_of(ErrorCode::kDeadlineExceeded), 504);
  EXPECT_EQ(status_of(ErrorCode::kUnavailable), 503);
  EXPECT_EQ(status_of(ErrorCode::kModelError), 500);
  EXPECT_EQ(status_of(ErrorCode::kInternal), 500);
  EXPECT_EQ(status_of(static_cast<ErrorCode>(77)), 500);
}

TEST(HttpStatus, TellsWhatTheClientSentWrongFromWhatTheServerLacks) {
  EXPECT_EQ(status_of(ErrorCode::kResourceExhausted, ErrorReason::kInputTooLarge), 413);
  EXPECT_EQ(status_of(ErrorCode::kInvalidArgument, ErrorReason::kInputTooLarge), 413);
  EXPECT_EQ(status_of(ErrorCode::kInvalidArgument, ErrorReason::kMediaType), 415);
  EXPECT_EQ(status_of(ErrorCode::kUnsupported, ErrorReason::kMediaType), 415);
  EXPECT_EQ(status_of(ErrorCode::kResourceExhausted, ErrorReason::kOutOfMemory), 503);
  EXPECT_EQ(http_status(Error::out_of_memory()), 503);
}

TEST(HttpStatus, SaysThatAnotherServerMayDoIt) {
  for (const ErrorReason reason : {ErrorReason::kQueueFull, ErrorReason::kShed, ErrorReason::kDeadlineUnreachable})
    EXPECT_EQ(status_of(ErrorCode::kResourceExhausted, reason), 503) << to_string(reason);
  EXPECT_EQ(status_of(ErrorCode::kUnavailable), 503);
  EXPECT_EQ(status_of(ErrorCode::kUnavailable, ErrorReason::kUnhealthy), 503);
  EXPECT_EQ(status_of(ErrorCode::kUnavailable, ErrorReason::kShutdown), 503);
}

TEST(HttpStatus, TellsADeadlineFromACancellation) {
  EXPECT_EQ(status_of(ErrorCode::kDeadlineExceeded, ErrorReason::kDeadlinePassed), 504);
  EXPECT_EQ(status_of(ErrorCode::kDeadlineExceeded, ErrorReason::kDeadlineUnreachable), 504);
  EXPECT_EQ(status_of(ErrorCode::kCancelled, ErrorReason::kCancelled), 499);
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
}  // namespace gantry::inline GANTRY_ABI
