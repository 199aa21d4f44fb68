// SPDX-License-Identifier: Apache-2.0
// WorkQueue: the bounded queue of a runtime, with the lock that guards it.
//
// AdmissionPolicy decides which requests are admitted, JobOrder which job is next, WorkSlots how many run at once. The
// queue has no threads: a thread of the ThreadSource takes a slot and a job, runs the job without the lock, and
// releases the slot.
#pragma once

#include <atomic>
#include <cstddef>
#include <gantry/result.hpp>
#include <gantry/runtime.hpp>
#include <gantry/time_source.hpp>
#include <memory>
#include <optional>

#include "core/mutex.hpp"
#include "runtime/call_options.hpp"
#include "runtime/job.hpp"
#include "runtime/occupancy.hpp"
#include "runtime/policy/admission_policy.hpp"
#include "runtime/policy/job_order.hpp"
#include "runtime/policy/work_slots.hpp"
#include "runtime/runtime_counters.hpp"
#include "runtime/shutdown_errors.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: owns the queued jobs.
/// Threads:   thread-safe; jobs run without the lock.
/// Errors:    a job that cannot be queued stays with the caller, who gets the reason (Pushed::refusal).
/// Cost:      one lock to queue a job, one to take it.
class WorkQueue {
 public:
  using Drained = JobOrder<Job>::Drained;
  using Timers = JobOrder<Job>::Timers;

  /// `needs_reserved_slots`: ThreadSource::comes_with_slot(). `counters` and `time` outlive it.
  WorkQueue(const RuntimeOptions& options, const TimeSource& time, bool needs_reserved_slots,
            RuntimeCounters& counters);

  Clock::time_point now() const { return time_.now(); }
  const ShutdownErrors& errors() const { return errors_; }
  Occupancy& occupancy() { return occupancy_; }
  std::size_t in_flight() const { return occupancy_.in_flight(); }
  /// Requests that have not begun; read without the lock, so slightly out of date.
  std::size_t queued() const { return queued_.load(std::memory_order_relaxed); }
  /// Fills in the fields that the queue knows.
  void add_to(RuntimeStats& stats) const GANTRY_EXCLUDES(mutex_);

  Result<Admission> admit(const CallOptions& call, Clock::duration expected) GANTRY_EXCLUDES(mutex_);

  /// The outcome of a push.
  struct Pushed {
    std::optional<Error> refusal;  ///< if set, the caller keeps the job
    bool needs_thread = false;     ///< a slot is free, or was reserved together with a visit
  };
  Pushed push_continuation(Job& job) GANTRY_EXCLUDES(mutex_);
  Pushed push_request(Job& job, const CallOptions& call, Clock::duration expected, std::size_t samples)
      GANTRY_EXCLUDES(mutex_);
  Pushed push_deferred(Job& job) GANTRY_EXCLUDES(mutex_);
  Pushed push_at(Clock::time_point when, Job& job) GANTRY_EXCLUDES(mutex_);

  // For threads that run work. A slot is taken before a job runs, and released after it.
  Mutex& mutex() const GANTRY_RETURNS_MUTEX(mutex_) { return mutex_; }
  bool is_stopping() const GANTRY_REQUIRES(mutex_) { return is_stopping_; }
  /// When the first timer is due.
  std::optional<Clock::time_point> next_timer() const GANTRY_REQUIRES(mutex_) { return order_.next_time(); }
  /// When a thread that found no work must look again; nullopt: only when it is woken.
  std::optional<Clock::time_point> next_look() const GANTRY_REQUIRES(mutex_);
  /// Takes a slot and the next job, runs it without the lock, and releases the slot. False if there is no slot or no
  /// job.
  bool run_one() GANTRY_REQUIRES(mutex_);
  /// The steps of run_one(), for the scripted threads of tests.
  std::optional<Work> take_work() GANTRY_REQUIRES(mutex_);
  void release_slot() GANTRY_REQUIRES(mutex_) { slots_.release(); }
  /// As run_one(), in a slot that was reserved before; does not release it.
  void run_one_in_slot() GANTRY_REQUIRES(mutex_);
  /// True if there is more work for the holder of a slot; else releases the slot.
  bool keep_or_release_slot() GANTRY_REQUIRES(mutex_);
  /// A thread with a reserved slot will not come, since the executor dropped its task. Releases the slot; if no slot is
  /// taken any more, refuses all queued work.
  void lose_slot() GANTRY_EXCLUDES(mutex_);
  /// True if a slot, and a visit, was reserved for work that is queued.
  bool reserve_slot() GANTRY_EXCLUDES(mutex_);
  /// Removes and returns a timer that is due; nullopt if none is.
  std::optional<Job> take_due_timer() GANTRY_REQUIRES(mutex_) { return order_.next_timer(now()); }
  /// As WorkSlots::set_limit().
  int set_limit(int limit) GANTRY_EXCLUDES(mutex_);

  /// Takes a slot and a visit for a helping caller, if a slot is free and no work is queued.
  bool begin_help() GANTRY_EXCLUDES(mutex_);
  /// Releases the slot. True if a thread must be woken for work that arrived meanwhile.
  bool end_help() GANTRY_EXCLUDES(mutex_);

  // A thread that holds a slot begins, and ends, to wait for work on another runtime.
  void begin_wait() GANTRY_EXCLUDES(mutex_);
  void end_wait() GANTRY_EXCLUDES(mutex_);
  /// True if all threads that may run work wait in this way, so that no thread begins queued work.
  bool all_wait() const GANTRY_EXCLUDES(mutex_);
  /// If all_wait(): work that a waiting thread can run instead; the first function returns only continuations and due
  /// timers, the second any work.
  std::optional<Job> take_continuation_if_all_wait() GANTRY_EXCLUDES(mutex_);
  std::optional<Work> take_work_if_all_wait() GANTRY_EXCLUDES(mutex_);

  // Shutdown.
  bool is_stopped() const GANTRY_EXCLUDES(mutex_);
  /// From then on nothing is queued or taken. Returns the timers, for the caller to refuse.
  Timers stop() GANTRY_EXCLUDES(mutex_);
  /// Refuses all queued work.
  void refuse_queued() GANTRY_EXCLUDES(mutex_);

 private:
  template <class Push>
  Pushed push(const Error& stopped, Push push) GANTRY_EXCLUDES(mutex_);
  bool try_reserve_slot() GANTRY_REQUIRES(mutex_);
  std::optional<Work> next() GANTRY_REQUIRES(mutex_);
  /// Updates the admission and the counters when a queued request begins; returns the reason if it is shed.
  std::optional<Error> begin_request(const Ticket& request, Clock::time_point now) GANTRY_REQUIRES(mutex_);
  std::optional<Drained> drain() GANTRY_REQUIRES(mutex_);

  const ShutdownErrors errors_;
  const TimeSource& time_;
  const bool needs_reserved_slots_;
  RuntimeCounters& counters_;
  mutable Mutex mutex_;
  JobOrder<Job> order_ GANTRY_GUARDED_BY(mutex_);
  AdmissionPolicy admission_ GANTRY_GUARDED_BY(mutex_);
  WorkSlots slots_ GANTRY_GUARDED_BY(mutex_);
  bool is_stopping_ GANTRY_GUARDED_BY(mutex_) = false;
  Occupancy occupancy_;  // incremented with the lock held
  std::atomic<std::size_t> queued_{0};
};

}  // namespace gantry::inline GANTRY_ABI::detail
