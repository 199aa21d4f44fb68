// SPDX-License-Identifier: Apache-2.0
// Error: what went wrong, and where.
//
//   invalid_argument: pipeline 'cats' > stage 'image.decode': truncated JPEG at byte 1034
//
// The code says who has to act, the path says where, the message says what was expected and what came.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gantry/export.hpp>
#include <gantry/version.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Ten codes; choose by who can do something about it.
enum class ErrorCode : std::uint8_t {
  kInvalidArgument = 1,  ///< the request or the configuration is wrong whatever the state of the system
  kNotFound,             ///< a file, name or version does not exist
  kFailedPrecondition,   ///< right call, wrong state: no GPU driver, package altered, a runtime of before fork()
  kUnsupported,          ///< valid, but this build or version cannot do it
  kResourceExhausted,    ///< a bound was hit: queue full, image too large, out of memory
  kCancelled,            ///< the caller cancelled it
  kDeadlineExceeded,     ///< it could not be finished in time
  kUnavailable,          ///< it may be right, try elsewhere or later: shut down, unhealthy, no connection
  kModelError,           ///< the model threw, or its output disagrees with its signature
  kInternal,             ///< a bug in gantry
};
constexpr std::size_t kErrorCodes = 11;  ///< to index by: the codes begin at 1

/// The code's name as it appears in messages and JSON: "invalid_argument", ...
GANTRY_API const char* to_string(ErrorCode code) noexcept;

/// A finer cause than the code, where a host has to act on it. The first eight say why a request was not computed; the
/// reject counters are split by them.
enum class ErrorReason : std::uint8_t {
  kNone = 0,             ///< nothing beyond the code
  kQueueFull,            ///< as many requests are in flight as the limit allows
  kDeadlinePassed,       ///< the deadline came before its turn
  kDeadlineUnreachable,  ///< it would not have been ready in time
  kShed,                 ///< the queue stands, and this request waited too long in it
  kCancelled,            ///< the caller gave up
  kUnhealthy,            ///< the model cannot compute: a device fault, or a call that does not return
  kShutdown,             ///< the runtime was shut down, before or while it waited
  kInputTooLarge,        ///< the input is beyond a limit: more bytes, pixels or values than a request may have
  kMediaType,            ///< the input is in a format that is not read
  kOutOfMemory,          ///< the process or the device has no memory left for it
  kGoldenMismatch,       ///< a package's golden case got another answer here than where it was recorded
};
constexpr std::size_t kErrorReasons = 12;
constexpr std::size_t kRejectReasons = 8;  ///< of these, those that say why a request was not computed

/// The reason's name as it appears in metrics and JSON: "queue_full", ...
GANTRY_API const char* to_string(ErrorReason reason) noexcept;

/// An immutable error value.
///
/// Ownership: shares its text; copies are cheap.
/// Threads:   immutable.
/// Errors:    std::bad_alloc from the constructor and to_string(); nothing else throws.
/// Cost:      one allocation when made, one for each within() and with_reason(); none to copy.
class GANTRY_API Error {
 public:
  Error(ErrorCode code, std::string message);
  /// resource_exhausted, reason kOutOfMemory, "out of memory". Needs no memory, so that it can always be given.
  static Error out_of_memory() noexcept;

  ErrorCode code() const noexcept;
  const std::string& message() const noexcept;

  /// Where it happened, outermost first: {"pipeline 'cats'", "stage 'image.decode'"}.
  const std::vector<std::string>& path() const noexcept;

  /// The finer cause; kNone where the code says it all.
  ErrorReason reason() const noexcept;
  /// When it makes sense to try again; zero if nothing is known, or if it never does.
  std::chrono::nanoseconds retry_after() const noexcept;
  /// The same error with a reason; without memory for it, the error as it is.
  Error with_reason(ErrorReason reason, std::chrono::nanoseconds retry_after = {}) const noexcept;

  /// The same error, seen from one level further out; without memory for it, the error as it is.
  Error within(std::string_view scope) const noexcept;

  /// "code: outer > inner: message", one line: control characters in names and messages are written by their number.
  std::string to_string() const;

 private:
  struct Rep;
  explicit Error(std::shared_ptr<const Rep> rep);
  std::shared_ptr<const Rep> rep_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
