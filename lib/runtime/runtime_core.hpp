// SPDX-License-Identifier: Apache-2.0
// RuntimeCore: what a Runtime is made of: a WorkQueue, a ThreadSource that runs what is in it, the CPU budget that
// limits how many do at once, and the models and pipelines that use it (Members).
//
// Lifetime: Runtime's owner stops the core when the last handle goes. Everything that is in flight holds the core
// alone, never the owner, so that a request cannot keep the runtime from being shut down.
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
/// Cost:      WorkQueue's.
class RuntimeCore final : public std::enable_shared_from_this<RuntimeCore> {
 public:
  RuntimeCore(const RuntimeOptions& options, std::unique_ptr<BudgetWatch> budgets,
              std::unique_ptr<ThreadSource> threads);

  /// Without the executor and the time source.
  const RuntimeOptions& options() const { return options_; }
  /// As it was when the core was made.
  const std::string& budget_explanation() const { return budget_explanation_; }
  const TimeSource& time() const { return *time_; }
  Clock::time_point now() const { return time_->now(); }
  WorkQueue& queue() { return queue_; }
  Members& members() { return members_; }
  RuntimeCounters& counters() { return counters_; }
  RuntimeStats stats() const;

  /// std::system_error or std::bad_alloc if not all threads could be started: those that were wait for stop().
  void start_threads() { threads_->start(shared_from_this()); }
  /// Refuses what is queued, waits for what runs and joins. On a thread of its own: refuses, joins the others, and
  /// leaves that one to end by itself. Idempotent; a second caller waits for the first. Does nothing in a child of
  /// fork(), where locks and threads are not what they seem.
  void stop();
  bool is_stopped() const { return queue_.is_stopped(); }
  bool is_of_parent_process() const { return fork_guard_.is_of_parent_process(); }

  /// Admits a request, or says why not: as AdmissionPolicy does, for a request that takes `expected`; unavailable after
  /// stop(); failed_precondition in a child of fork(), which has none of the workers. A request that comes back from
  /// another runtime was admitted when it came first.
  Result<Admission> admit(const CallOptions& call = {}, Clock::duration expected = {});
  std::size_t in_flight() const { return queue_.in_flight(); }
  /// Requests that have not begun; a moment old.
  std::size_t queued() const { return queue_.queued(); }

  /// Queues the continuation of a request.
  void post(Job job);
  /// Queues a request that was admitted.
  void post_request(Job job, const CallOptions& call, Clock::duration expected, std::size_t samples);
  /// Queues work that can wait until no request is queued, or those have begun that were queued before it.
  void post_deferred(Job job);
  /// Runs the job once `when` has come.
  void post_at(Clock::time_point when, Job job);

  /// True on a thread that runs work of this core; not in exit().
  bool on_worker() const;
  /// True on a HelpingCaller's thread. It runs what its own request needs and nothing of others': a callback of theirs
  /// could wait for what the host holds while it waits for this request.
  bool on_helping_caller() const;
  /// For HelpingCaller: a slot, if a worker sleeps and nothing waits that came before.
  bool begin_help();
  void end_help();

  /// For OutsideWait: if all wait, runs one continuation of a request that has begun, on this thread. False if there is
  /// none.
  bool continue_here();
  /// The same of all that is queued, while this thread has stack left.
  bool begin_here();

 private:
  /// Wakes a thread, or answers the job.
  void finish_push(Job& job, const WorkQueue::Pushed& pushed);
  void wake_one() noexcept;
  /// Sets the timer for follow_budget(), unless it is set: an idle process sleeps.
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
  std::atomic<bool> is_budget_watched_{false};  // a timer is set
};

}  // namespace gantry::inline GANTRY_ABI::detail
