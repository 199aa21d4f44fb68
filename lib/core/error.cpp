// SPDX-License-Identifier: Apache-2.0
// Error and ResultError.
#include <gantry/error.hpp>
#include <gantry/result.hpp>
#include <new>
#include <utility>

namespace gantry::inline GANTRY_ABI {

struct Error::Rep {
  ErrorCode code;
  std::string message;
  std::vector<std::string> path;
  ErrorReason reason = ErrorReason::kNone;
  std::chrono::nanoseconds retry_after{};
};

const char* to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kFailedPrecondition:
      return "failed_precondition";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kResourceExhausted:
      return "resource_exhausted";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kDeadlineExceeded:
      return "deadline_exceeded";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kModelError:
      return "model_error";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

const char* to_string(ErrorReason reason) noexcept {
  constexpr const char* kNames[kErrorReasons] = {
      "none",      "queue_full", "deadline_passed", "deadline_unreachable", "shed",          "cancelled",
      "unhealthy", "shutdown",   "input_too_large", "media_type",           "out_of_memory", "golden_mismatch"};
  const auto index = static_cast<std::size_t>(reason);
  return index < kErrorReasons ? kNames[index] : kNames[0];
}

Error::Error(ErrorCode code, std::string message)
    : rep_(std::make_shared<const Rep>(Rep{code, std::move(message), {}})) {}

Error::Error(std::shared_ptr<const Rep> rep) : rep_(std::move(rep)) {}

Error Error::out_of_memory() noexcept {
  // Never destroyed: hosts may use it during exit. The shared_ptr owns nothing, so copies do not count references.
  alignas(Rep) static unsigned char storage[sizeof(Rep)];
  static const Rep* const rep =
      new (storage) Rep{ErrorCode::kResourceExhausted, "out of memory", {}, ErrorReason::kOutOfMemory, {}};
  return Error(std::shared_ptr<const Rep>(std::shared_ptr<const Rep>(), rep));
}

namespace {
/// Made when the library is loaded: with the old string ABI its text is on the heap, and later there may be no memory.
[[maybe_unused]] const Error made_in_time = Error::out_of_memory();
}  // namespace

// A moved-from Error has no Rep. Reading one is a bug of the caller, so it reads as an internal error.
ErrorCode Error::code() const noexcept {
  return rep_ ? rep_->code : ErrorCode::kInternal;
}

const std::string& Error::message() const noexcept {
  static const std::string kMovedFrom = "this error was moved from";
  return rep_ ? rep_->message : kMovedFrom;
}

const std::vector<std::string>& Error::path() const noexcept {
  static const std::vector<std::string> kNowhere;
  return rep_ ? rep_->path : kNowhere;
}

ErrorReason Error::reason() const noexcept {
  return rep_ ? rep_->reason : ErrorReason::kNone;
}

std::chrono::nanoseconds Error::retry_after() const noexcept {
  return rep_ ? rep_->retry_after : std::chrono::nanoseconds::zero();
}

Error Error::with_reason(ErrorReason reason, std::chrono::nanoseconds retry_after) const noexcept try {
  return Error(std::make_shared<const Rep>(Rep{code(), message(), path(), reason, retry_after}));
} catch (...) {
  return *this;
}

Error Error::within(std::string_view scope) const noexcept try {
  auto rep = std::make_shared<Rep>(Rep{code(), message(), {}, reason(), retry_after()});
  rep->path.reserve(path().size() + 1);
  rep->path.emplace_back(scope);
  rep->path.insert(rep->path.end(), path().begin(), path().end());
  return Error(std::shared_ptr<const Rep>(std::move(rep)));
} catch (...) {
  return *this;
}

namespace {

/// Returns one line even if foreign names and keys in it contain control characters.
void append_line(std::string& line, const std::string& text) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const char character : text) {
    const auto code = static_cast<unsigned char>(character);
    if (code >= 0x20 && code != 0x7f)
      line += character;
    else
      line += std::string("\\u00") + kDigits[code >> 4] + kDigits[code & 15];
  }
}

}  // namespace

std::string Error::to_string() const {
  std::string text = gantry::to_string(code());
  text += ": ";
  for (std::size_t i = 0; i < path().size(); ++i) {
    append_line(text, path()[i]);
    text += i + 1 < path().size() ? " > " : ": ";
  }
  append_line(text, message());
  return text;
}

ResultError::ResultError(Error error) : std::runtime_error(error.to_string()), error_(std::move(error)) {}
ResultError::~ResultError() = default;

void detail::throw_result_error(const Error& error) {
  throw ResultError(error);
}

}  // namespace gantry::inline GANTRY_ABI
