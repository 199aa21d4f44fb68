// SPDX-License-Identifier: Apache-2.0
// Occupancy: counts what uses a runtime: requests in flight, and visits. A visit is a host thread that helps, or that
// runs or posts a task. A shutdown waits for both.
#pragma once

#include <atomic>
#include <cstddef>

#include "core/mutex.hpp"
#include "runtime/admission.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Threads: thread-safe. To compare a count with a limit and then add to it, the caller holds a lock (WorkQueue).
/// Errors:  none.
/// Cost:    an atomic addition; also a lock while stopping.
class Occupancy final : public AdmissionCounter {
 public:
  std::size_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  Admission admit() {
    ++in_flight_;
    return Admission(*this);
  }
  void release_admission() noexcept override { leave(in_flight_); }
  void begin_visit() { ++visits_; }
  void end_visit() noexcept { leave(visits_); }

  /// Call it before the waits below: from then on, each decrement wakes the waiting threads.
  void begin_stop() { is_stopping_ = true; }
  void wait_for_requests() GANTRY_EXCLUDES(mutex_) { wait_until_at_most(in_flight_, 0); }
  /// `own`: visits of the calling thread, which are not waited for.
  void wait_for_visits(std::size_t own) GANTRY_EXCLUDES(mutex_) { wait_until_at_most(visits_, own); }

 private:
  void leave(std::atomic<std::size_t>& count) noexcept GANTRY_EXCLUDES(mutex_) {
    --count;
    if (!is_stopping_) return;  // no wake-up is lost: waits begin after begin_stop()
    const MutexLock lock(mutex_);
    has_left_.notify_all();
  }
  void wait_until_at_most(const std::atomic<std::size_t>& count, std::size_t most) GANTRY_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    while (count > most) has_left_.wait(mutex_);
  }

  std::atomic<std::size_t> in_flight_{0};
  std::atomic<std::size_t> visits_{0};
  std::atomic<bool> is_stopping_{false};
  Mutex mutex_;
  CondVar has_left_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
