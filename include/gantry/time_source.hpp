// SPDX-License-Identifier: Apache-2.0
// TimeSource: the clock that deadlines are measured by. Tests of a host set one that they move
// (RuntimeOptions::time_source); everything else uses the steady clock.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include <gantry/export.hpp>
#include <gantry/version.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Ownership: held by the runtime that uses it; must outlive calls that carry it (EngineCall::time_source).
/// Threads:   thread-safe.
/// Errors:    none.
/// Cost:      now() is called several times a request.
class GANTRY_API TimeSource {
 public:
  using Time = std::chrono::steady_clock::time_point;

  virtual ~TimeSource();
  virtual Time now() const noexcept = 0;
  /// Blocks until `condition` is notified, or `when` has come by this clock. May return earlier: callers look again.
  /// `lock` is held on entry and on return.
  virtual void wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, Time when) const = 0;

  /// std::chrono::steady_clock; lives as long as the process.
  static const TimeSource& steady() noexcept;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
