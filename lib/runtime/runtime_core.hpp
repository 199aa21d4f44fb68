// SPDX-License-Identifier: Apache-2.0
// RuntimeCore: the implementation of a Runtime. It composes a WorkQueue, a ThreadSource whose threads run the queued
// work, the CPU budget that limits how many of them run at once, and the models and pipelines that use it (Members).
//
// Lifetime: Runtime::Owner stops the core when the last handle is destroyed. Requests in flight hold the core, never
// the owner, so that a request cannot delay the shutdown of its runtime.
#pragma once

#include <atomic>
#include <cstddef>
#include <gantry/result.hpp>
#include <gantry/runtime.hpp>
#include <gantry/time_source.hpp>
#include <memory>
#include <string>

#include "runtime/budget_watch.hpp"
#include "runtime/call_options.hpp"
#include "runtime/fork_guard.hpp"
#include "runtime/members.hpp"
#include "runtime/runtime_counters.hpp"
#include "runtime/thread_source.hpp"
#include "runtime/work_queue.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: owns its queue and its ThreadSource, whose threads share the core.
/// Threads:   thread-safe.
/// Errors:    a job that cannot be queued, after stop() or without memory, is refused on the calling thread.
/// Cost:      that of WorkQueue.
class RuntimeCore final : public std::enable_shared_from_this<RuntimeCore> {
 public:
  RuntimeCore(const RuntimeOptions& options, std::unique_ptr<BudgetWatch> budgets,
              std::unique_ptr<ThreadSource> threads);

  /// Without the executor and the time source.
  const RuntimeOptions& options() const { return options_; }
  /// As of construction.
  const std::string& budget_explanation() const { return budget_explanation_; }
  const TimeSource& time() const { return *time_; }
  Clock::time_point now() const { return time_->now(); }
  WorkQueue& queue() { return queue_; }
  Members& members() { return members_; }
  RuntimeCounters& counters() { return counters_; }
  RuntimeStats stats() const;

  /// Throws std::system_error or std::bad_alloc if not all threads could be started; stop() joins those that were.
  void start_threads() { threads_->start(shared_from_this()); }
  /// Refuses queued work, waits for running work, and joins the threads. If called on one of its own threads, joins
  /// only the others; that thread ends later by itself. Idempotent; a second caller waits for the first. Does nothing
  /// in a child of fork(): the threads do not exist there, and locks they held stay locked.
  void stop();
  bool is_stopped() const { return queue_.is_stopped(); }
  bool is_of_parent_process() const { return fork_guard_.is_of_parent_process(); }

  /// Admits a request that takes `expected`, or returns why not: an error of AdmissionPolicy; unavailable after stop();
  /// failed_precondition in a child of fork(), which has no workers. A request that returns from another runtime passes
  /// without a second slot: it still holds the first one.
  Result<Admission> admit(const CallOptions& call = {}, Clock::duration expected = {});
  std::size_t in_flight() const { return queue_.in_flight(); }
  /// Requests that have not begun; may be slightly out of date.
  std::size_t queued() const { return queue_.queued(); }

  /// Queues the continuation of a request.
  void post(Job job);
  /// Queues an admitted request.
  void post_request(Job job, const CallOptions& call, Clock::duration expected, std::size_t samples);
  /// Queues deferred work: it runs when no request is queued, or after the requests queued before it have begun.
  void post_deferred(Job job);
  /// Runs the job at `when`, once.
  void post_at(Clock::time_point when, Job job);

  /// True on a thread that runs work of this core; false once that thread is in exit().
  bool on_worker() const;
  /// True on a HelpingCaller's thread. That thread runs only what its own request needs. It must not run work of other
  /// requests: their callbacks could wait for a lock that the host holds while it waits for this request.
  bool on_helping_caller() const;
  /// For HelpingCaller: takes a slot if one is free and no work is queued.
  bool begin_help();
  void end_help();

  /// For OutsideWait: if all threads that hold slots wait, runs one continuation, or one timer that is due, on this
  /// thread. False if there is none.
  bool continue_here();
  /// As continue_here(), but of all queued work, also requests that have not begun; only while this thread has enough
  /// stack left.
  bool begin_here();

 private:
  /// Wakes a thread for a queued job, or refuses the job.
  void finish_push(Job& job, const WorkQueue::Pushed& pushed);
  void wake_one() noexcept;
  /// Sets the timer for follow_budget() unless it is set. Requests set it, not the timer itself, so that an idle
  /// process never wakes up.
  void watch_budget() noexcept;
  void follow_budget() noexcept;

  const RuntimeOptions options_;
  const std::shared_ptr<const TimeSource> time_;
  const std::unique_ptr<BudgetWatch> budgets_;
  const std::string budget_explanation_;
  const ForkGuard fork_guard_;
  Members members_;
  RuntimeCounters counters_;
  const std::unique_ptr<ThreadSource> threads_;
  WorkQueue queue_;
  std::atomic<bool> is_budget_watched_{false};  // the timer is set
};

}  // namespace gantry::inline GANTRY_ABI::detail
