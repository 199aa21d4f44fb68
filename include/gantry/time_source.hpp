// SPDX-License-Identifier: Apache-2.0
// TimeSource: the clock that measures deadlines. Tests of a host application set a clock that they control
// (RuntimeOptions::time_source); everything else uses the steady clock.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include <gantry/export.hpp>
#include <gantry/version.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Ownership: held by the runtime that uses it; must outlive calls with a pointer to it (EngineCall::time_source).
/// Threads:   thread-safe.
/// Errors:    none.
/// Cost:      now() is called several times per request.
class GANTRY_API TimeSource {
 public:
  using Time = std::chrono::steady_clock::time_point;

  virtual ~TimeSource();
  virtual Time now() const noexcept = 0;
  /// Blocks until `condition` is notified, or this clock reaches `when`. May return earlier: callers check again. The
  /// caller holds `lock` on entry and on return.
  virtual void wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, Time when) const = 0;

  /// std::chrono::steady_clock; exists as long as the process.
  static const TimeSource& steady() noexcept;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
