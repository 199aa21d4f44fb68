// SPDX-License-Identifier: Apache-2.0
// Error: what went wrong, and where.
//
//   invalid_argument: pipeline 'cats' > stage 'image.decode': truncated JPEG at byte 1034
//
// The code says who must act, the path says where it happened, the message says what was expected and what came.
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

/// Ten codes, distinguished by who can fix the problem.
enum class ErrorCode : std::uint8_t {
  kInvalidArgument = 1,  ///< the request or the configuration is wrong whatever the state of the system
  kNotFound,             ///< a file, name or version does not exist
  kFailedPrecondition,   ///< right call, wrong state: no GPU driver, package altered, a runtime from before fork()
  kUnsupported,          ///< valid, but this build or version cannot do it
  kResourceExhausted,    ///< a bound was hit: queue full, image too large, out of memory
  kCancelled,            ///< the caller cancelled it
  kDeadlineExceeded,     ///< it could not be finished in time
  kUnavailable,          ///< may succeed elsewhere or later: shut down, unhealthy, no connection
  kModelError,           ///< the model threw, or its output disagrees with its signature
  kInternal,             ///< a bug in gantry
};
constexpr std::size_t kErrorCodes = 11;  ///< array size for indexing by code: codes start at 1

/// The code's name as it appears in messages and JSON: "invalid_argument", ...
GANTRY_API const char* to_string(ErrorCode code) noexcept;

/// A finer cause than the code, if a host application must act on it. The first eight say why a request was not
/// computed; the reject counters are split by them.
enum class ErrorReason : std::uint8_t {
  kNone = 0,             ///< nothing beyond the code
  kQueueFull,            ///< the limit of requests in flight is reached
  kDeadlinePassed,       ///< the deadline passed before the request started
  kDeadlineUnreachable,  ///< the request would have missed its deadline
  kShed,                 ///< the queue stays full, and this request waited too long in it
  kCancelled,            ///< the caller cancelled it
  kUnhealthy,            ///< the model cannot compute: a device fault, or a call that does not return
  kShutdown,             ///< the runtime was shut down before or while the request waited
  kInputTooLarge,        ///< the input exceeds a limit: too many bytes, pixels or values
  kMediaType,            ///< the input has an unsupported format
  kOutOfMemory,          ///< the process or the device is out of memory
  kGoldenMismatch,       ///< a package's golden case has another result here than the recorded one
};
constexpr std::size_t kErrorReasons = 12;
constexpr std::size_t kRejectReasons = 8;  ///< of these, the ones that say why a request was not computed

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
  /// resource_exhausted, reason kOutOfMemory, "out of memory". Needs no allocation, so it always succeeds.
  static Error out_of_memory() noexcept;

  ErrorCode code() const noexcept;
  const std::string& message() const noexcept;

  /// Where it happened, outermost first: {"pipeline 'cats'", "stage 'image.decode'"}.
  const std::vector<std::string>& path() const noexcept;

  /// The finer cause; kNone if the code is enough.
  ErrorReason reason() const noexcept;
  /// When a retry makes sense; zero if unknown, or if a retry never makes sense.
  std::chrono::nanoseconds retry_after() const noexcept;
  /// The same error with a reason; if memory for it is short, the error unchanged.
  Error with_reason(ErrorReason reason, std::chrono::nanoseconds retry_after = {}) const noexcept;

  /// The same error with an outer scope in its path; if memory for it is short, the error unchanged.
  Error within(std::string_view scope) const noexcept;

  /// "code: outer > inner: message" on one line: control characters in names and messages are written as numbers.
  std::string to_string() const;

 private:
  struct Rep;
  explicit Error(std::shared_ptr<const Rep> rep);
  std::shared_ptr<const Rep> rep_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
