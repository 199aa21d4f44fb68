// SPDX-License-Identifier: Apache-2.0
#include <gantry/grpc_status.hpp>

namespace gantry::inline GANTRY_ABI {
namespace {

/// The gRPC status codes that gantry uses.
enum Status : int {
  kCancelled = 1,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
};

Status grpc_status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return kInvalidArgument;
    case ErrorCode::kNotFound:
      return kNotFound;
    case ErrorCode::kFailedPrecondition:
      return kFailedPrecondition;
    case ErrorCode::kUnsupported:
      return kUnimplemented;
    case ErrorCode::kResourceExhausted:
      return kResourceExhausted;
    case ErrorCode::kCancelled:
      return kCancelled;
    case ErrorCode::kDeadlineExceeded:
      return kDeadlineExceeded;
    case ErrorCode::kUnavailable:
      return kUnavailable;
    case ErrorCode::kModelError:
    case ErrorCode::kInternal:
      return kInternal;
  }
  return kInternal;
}

}  // namespace

int grpc_status(const Error& error) noexcept {
  switch (error.reason()) {
    case ErrorReason::kInputTooLarge:
    case ErrorReason::kMediaType:
      return kInvalidArgument;
    case ErrorReason::kQueueFull:
    case ErrorReason::kShed:
    case ErrorReason::kUnhealthy:
    case ErrorReason::kShutdown:
      return kUnavailable;
    case ErrorReason::kDeadlineUnreachable:
      return error.code() == ErrorCode::kResourceExhausted ? kUnavailable : kDeadlineExceeded;
    case ErrorReason::kNone:
    case ErrorReason::kDeadlinePassed:
    case ErrorReason::kCancelled:
    case ErrorReason::kOutOfMemory:
    case ErrorReason::kGoldenMismatch:
      break;
  }
  return grpc_status_of(error.code());
}

}  // namespace gantry::inline GANTRY_ABI
