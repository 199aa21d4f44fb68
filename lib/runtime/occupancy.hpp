// SPDX-License-Identifier: Apache-2.0
// Occupancy: who is inside a runtime: requests in flight, and visits, which are threads of the host's that help, or run
// or post a task. A shutdown waits for both.
#pragma once

#include <atomic>
#include <cstddef>

#include "core/mutex.hpp"
#include "runtime/admission.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Threads: thread-safe. Whoever decides by the numbers lets others in under a lock of its own (WorkQueue).
/// Errors:  none.
/// Cost:    an atomic addition; a lock while stopping.
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

  /// Before the waits below: from now on, whoever leaves wakes who waits.
  void begin_stop() { is_stopping_ = true; }
  void wait_for_requests() GANTRY_EXCLUDES(mutex_) { wait_until_at_most(in_flight_, 0); }
  /// `own`: visits of the calling thread.
  void wait_for_visits(std::size_t own) GANTRY_EXCLUDES(mutex_) { wait_until_at_most(visits_, own); }

 private:
  void leave(std::atomic<std::size_t>& count) noexcept GANTRY_EXCLUDES(mutex_) {
    --count;
    if (!is_stopping_) return;  // begin_stop() comes before a look at the numbers
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
