// SPDX-License-Identifier: Apache-2.0
#include "remote/http_answer.hpp"

#include <algorithm>
#include <charconv>
#include <gantry/http_status.hpp>
#include <gantry/json.hpp>

namespace gantry::inline GANTRY_ABI::remote {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::size_t kLongestText = 2000;  // of a message that comes from elsewhere

ErrorCode code_of_status(unsigned status) {
  switch (status) {
    case 404:
      return ErrorCode::kNotFound;
    case 408:
    case 504:
      return ErrorCode::kDeadlineExceeded;
    case 415:
    case 501:
      return ErrorCode::kUnsupported;
    case 429:
      return ErrorCode::kResourceExhausted;
    case 499:
      return ErrorCode::kCancelled;
    case 500:
      return ErrorCode::kModelError;
    default:
      return status < 500 ? ErrorCode::kInvalidArgument : ErrorCode::kUnavailable;
  }
}

std::optional<ErrorReason> reason_named(std::string_view word) {
  for (std::size_t i = 1; i < kErrorReasons; ++i)
    if (word == to_string(static_cast<ErrorReason>(i))) return static_cast<ErrorReason>(i);
  return std::nullopt;
}

std::optional<ErrorCode> code_named(std::string_view word) {
  for (std::size_t i = 1; i < kErrorCodes; ++i)
    if (word == to_string(static_cast<ErrorCode>(i))) return static_cast<ErrorCode>(i);
  return std::nullopt;
}

/// The code with which gantry gives a reason; for those that it gives with several, the status decides.
ErrorCode code_of_reason(ErrorReason reason, unsigned status) {
  switch (reason) {
    case ErrorReason::kQueueFull:
    case ErrorReason::kShed:
    case ErrorReason::kOutOfMemory:
      return ErrorCode::kResourceExhausted;
    case ErrorReason::kDeadlinePassed:
      return ErrorCode::kDeadlineExceeded;
    case ErrorReason::kDeadlineUnreachable:
      return status == 503 ? ErrorCode::kResourceExhausted : ErrorCode::kDeadlineExceeded;
    case ErrorReason::kCancelled:
      return ErrorCode::kCancelled;
    case ErrorReason::kUnhealthy:
    case ErrorReason::kShutdown:
      return ErrorCode::kUnavailable;
    case ErrorReason::kInputTooLarge:
      return ErrorCode::kResourceExhausted;
    case ErrorReason::kMediaType:
      return ErrorCode::kUnsupported;
    case ErrorReason::kGoldenMismatch:
      return ErrorCode::kFailedPrecondition;
    case ErrorReason::kNone:
      break;
  }
  return code_of_status(status);
}

std::string member(const JsonView& json, const char* key) {
  const auto found = json.find(key);
  const auto text = found ? found->string() : Result<std::string>(std::string());
  return text ? *text : std::string();
}

}  // namespace

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0) return std::nullopt;
  return std::chrono::seconds(std::min(seconds, kDay));
}

Error error_of(const HttpAnswer& answer) {
  std::string message, word;
  if (const auto json = JsonView::parse(answer.text())) {
    message = member(*json, "error").substr(0, kLongestText);
    word = member(*json, "reason");
  }
  auto code = code_of_status(answer.status);
  auto reason = answer.status == 413 ? ErrorReason::kInputTooLarge : ErrorReason::kNone;
  if (const auto named = reason_named(word)) {
    reason = *named;
    code = code_of_reason(reason, answer.status);
  } else if (const auto named_code = code_named(word)) {
    code = *named_code;
  }
  // gantry's text begins with the code. A reason may come with several codes: the text's counts if it has this status.
  const auto colon = std::min(message.find(": "), message.size());
  if (const auto begins = code_named(std::string_view(message).substr(0, colon))) {
    if (http_status(Error(*begins, {}).with_reason(reason)) == static_cast<int>(answer.status)) code = *begins;
    message.erase(0, colon + 2);
  }
  if (message.empty()) message = "the server answered with status " + std::to_string(answer.status);
  Error error(code, std::move(message));
  if (reason == ErrorReason::kNone && !answer.retry_after) return error;
  return error.with_reason(reason, answer.retry_after.value_or(std::chrono::seconds(0)));
}

bool was_not_computed(const Error& error) {
  return error.reason() != ErrorReason::kNone && static_cast<std::size_t>(error.reason()) < kRejectReasons;
}

}  // namespace gantry::inline GANTRY_ABI::remote
