// SPDX-License-Identifier: Apache-2.0
// Error: what went wrong, and where.
//
//   invalid_argument: pipeline 'cats' > stage 'image.decode': truncated JPEG at byte 1034
//
// The code says who has to act, the path says where, the message says what was expected and what came.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gantry/export.hpp>

namespace gantry {

/// Nine codes; choose by who can do something about it.
enum class ErrorCode : std::uint8_t {
  kInvalidArgument = 1,  ///< the request or the configuration is wrong whatever the state of the system
  kNotFound,             ///< a file, name or version does not exist
  kFailedPrecondition,   ///< right call, wrong state: no GPU driver, package altered, runtime shut down
  kUnsupported,          ///< valid, but this build or version cannot do it
  kResourceExhausted,    ///< a bound was hit: queue full, image too large, out of memory
  kCancelled,            ///< the caller or a shutdown cancelled it
  kDeadlineExceeded,     ///< it could not be finished in time
  kModelError,           ///< the model threw, or its output disagrees with its signature
  kInternal,             ///< a bug in gantry
};

/// The code's name as it appears in messages and JSON: "invalid_argument", ...
GANTRY_API const char* to_string(ErrorCode code) noexcept;

/// An immutable error value.
///
/// Ownership: shares its text; copies are cheap.
/// Threads:   immutable.
/// Errors:    none.
/// Cost:      one allocation when made, one for each within().
class GANTRY_API Error {
 public:
  Error(ErrorCode code, std::string message);

  ErrorCode code() const noexcept;
  const std::string& message() const noexcept;

  /// Where it happened, outermost first: {"pipeline 'cats'", "stage 'image.decode'"}.
  const std::vector<std::string>& path() const noexcept;

  /// The same error, seen from one level further out.
  Error within(std::string scope) const;

  /// "code: outer > inner: message", one line.
  std::string to_string() const;

 private:
  struct Rep;
  explicit Error(std::shared_ptr<const Rep> rep);
  std::shared_ptr<const Rep> rep_;
};

}  // namespace gantry
