// SPDX-License-Identifier: Apache-2.0
#include <gantry/http_status.hpp>

namespace gantry::inline GANTRY_ABI {
namespace {

constexpr int kServiceUnavailable = 503;

/// The status of a reason; 0 if the ErrorCode determines it.
int status_of(ErrorReason reason, ErrorCode code) noexcept {
  switch (reason) {
    case ErrorReason::kInputTooLarge:
      return 413;
    case ErrorReason::kMediaType:
      return 415;
    case ErrorReason::kQueueFull:
    case ErrorReason::kShed:
    case ErrorReason::kUnhealthy:
    case ErrorReason::kShutdown:
    case ErrorReason::kOutOfMemory:
      return kServiceUnavailable;
    case ErrorReason::kDeadlineUnreachable:
      return code == ErrorCode::kResourceExhausted ? kServiceUnavailable : 504;
    case ErrorReason::kNone:
    case ErrorReason::kDeadlinePassed:
    case ErrorReason::kCancelled:
    case ErrorReason::kGoldenMismatch:
      return 0;
  }
  return 0;
}

int status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kUnsupported:
      return 501;
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kUnavailable:
      return kServiceUnavailable;
    case ErrorCode::kCancelled:
      return 499;
    case ErrorCode::kDeadlineExceeded:
      return 504;
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kModelError:
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

}  // namespace

int http_status(const Error& error) noexcept {
  const int status = status_of(error.reason(), error.code());
  return status != 0 ? status : status_of(error.code());
}

std::optional<std::chrono::seconds> retry_after(const Error& error) noexcept {
  if (error.retry_after() <= std::chrono::nanoseconds::zero() || http_status(error) != kServiceUnavailable)
    return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(error.retry_after());
}

}  // namespace gantry::inline GANTRY_ABI
