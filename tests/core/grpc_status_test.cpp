// SPDX-License-Identifier: Apache-2.0
#include <gantry/grpc_status.hpp>

#include <gtest/gtest.h>

namespace gantry::inline GANTRY_ABI {
namespace {

int status(ErrorCode code, ErrorReason reason = ErrorReason::kNone) {
  return grpc_status(Error(code, "why").with_reason(reason));
}

TEST(GrpcStatus, FollowsTheCodeWhereThereIsNoReason) {
  EXPECT_EQ(status(ErrorCode::kInvalidArgument), 3);
  EXPECT_EQ(status(ErrorCode::kNotFound), 5);
  EXPECT_EQ(status(ErrorCode::kFailedPrecondition), 9);
  EXPECT_EQ(status(ErrorCode::kUnsupported), 12);
  EXPECT_EQ(status(ErrorCode::kResourceExhausted), 8);
  EXPECT_EQ(status(ErrorCode::kCancelled), 1);
  EXPECT_EQ(status(ErrorCode::kDeadlineExceeded), 4);
  EXPECT_EQ(status(ErrorCode::kUnavailable), 14);
  EXPECT_EQ(status(ErrorCode::kModelError), 13);
  EXPECT_EQ(status(ErrorCode::kInternal), 13);
  EXPECT_EQ(status(static_cast<ErrorCode>(77)), 13);
}

TEST(GrpcStatus, TellsWhatTheClientSentWrongFromWhatTheServerLacks) {
  EXPECT_EQ(status(ErrorCode::kResourceExhausted, ErrorReason::kInputTooLarge), 3);
  EXPECT_EQ(status(ErrorCode::kUnsupported, ErrorReason::kMediaType), 3);
  EXPECT_EQ(grpc_status(Error::out_of_memory()), 8);
}

TEST(GrpcStatus, SaysThatAnotherServerMayDoIt) {
  for (const ErrorReason reason : {ErrorReason::kQueueFull, ErrorReason::kShed, ErrorReason::kDeadlineUnreachable})
    EXPECT_EQ(status(ErrorCode::kResourceExhausted, reason), 14) << to_string(reason);
  EXPECT_EQ(status(ErrorCode::kUnavailable, ErrorReason::kUnhealthy), 14);
  EXPECT_EQ(status(ErrorCode::kUnavailable, ErrorReason::kShutdown), 14);
}

TEST(GrpcStatus, TellsADeadlineFromACancellation) {
  EXPECT_EQ(status(ErrorCode::kDeadlineExceeded, ErrorReason::kDeadlinePassed), 4);
  EXPECT_EQ(status(ErrorCode::kDeadlineExceeded, ErrorReason::kDeadlineUnreachable), 4);
  EXPECT_EQ(status(ErrorCode::kCancelled, ErrorReason::kCancelled), 1);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
