// SPDX-License-Identifier: Apache-2.0
// RuntimeCore: the workers and the bounded queue behind a Runtime.
//
// Who may come in is AdmissionPolicy's to say, what is next JobOrder's, and how many run at once WorkSlots'; here are
// the lock around them, the threads and the shutdown.
//
// Lifetime: Runtime's owner stops the core when the last handle goes. Everything that is in flight holds the core
// alone, never the owner, so that a request cannot keep the runtime from being shut down.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <gantry/executor.hpp>
#include <gantry/function.hpp>
#include <gantry/result.hpp>
#include <gantry/runtime.hpp>
#include <gantry/stats.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/budget_watch.hpp"
#include "runtime/call_options.hpp"
#include "runtime/histogram_recorder.hpp"
#include "runtime/policy/admission_policy.hpp"
#include "runtime/policy/job_order.hpp"
#include "runtime/policy/work_slots.hpp"
#include "runtime/reject_counter.hpp"

namespace gantry::detail {

/// Work for a worker. Called exactly once: with nullptr to run, or with the reason why it will not run.
using Job = Function<void(const Error* refusal)>;

/// Something that computes on the runtime's workers: it holds waiting work outside the queue, and must let go of it on
/// shutdown.
class RuntimeMember {
 public:
  virtual ~RuntimeMember() = default;
  virtual void on_shutdown(const Error& reason) = 0;
  virtual ModelStats stats() const = 0;
};

/// A pipeline that runs on the runtime, as far as the runtime's stats go.
class RuntimePipeline {
 public:
  virtual ~RuntimePipeline() = default;
  virtual PipelineStats stats() const = 0;
};

class RuntimeCore;

/// Holds one of max_in_flight slots; releases it on destruction. The core must outlive it.
class Admission {
 public:
  Admission() = default;
  explicit Admission(RuntimeCore& core) : core_(&core) {}
  Admission(Admission&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
  Admission& operator=(Admission&& other) noexcept {
    std::swap(core_, other.core_);
    return *this;
  }
  ~Admission() { end(); }
  void end();

 private:
  RuntimeCore* core_ = nullptr;
};

/// Marks this thread, for as long as the object lives, as one that runs work of `core` in a worker's stead.
class CallerScope {
 public:
  explicit CallerScope(const RuntimeCore& core);
  CallerScope(const CallerScope&) = delete;
  CallerScope& operator=(const CallerScope&) = delete;
  ~CallerScope();

 private:
  const RuntimeCore* before_;
};

/// From now on this thread, which is in exit(), is nobody's worker: static destructors that call models and pipelines
/// must get an error, and neither compute within a request that never ends nor wait for it.
void begin_exit_on_this_thread();

/// Registers the exit hook, which ends every runtime, once more. Statics are destroyed in the opposite order of their
/// construction, and an engine's library makes some on its first calls: after those, the hook must be the newer one.
void renew_exit_hook();

class RuntimeCore : public std::enable_shared_from_this<RuntimeCore> {
 public:
  RuntimeCore(RuntimeOptions options, std::unique_ptr<BudgetWatch> budgets);
  /// Detaches the one worker that may be left: the one that is running this, as the core's last holder.
  ~RuntimeCore();

  /// Without the executor.
  const RuntimeOptions& options() const { return options_; }
  /// As it was when the core was made.
  const std::string& budget_explanation() const { return budget_explanation_; }

  /// std::system_error or std::bad_alloc if not all could be started: those that were wait for stop().
  void start_workers();
  /// Admits a request, or says why not: as AdmissionPolicy does, for a request that takes `expected`; unavailable after
  /// stop(); failed_precondition in a child of fork(), which has none of the workers. A request that comes back from
  /// another runtime was admitted when it came first.
  Result<Admission> admit(const CallOptions& call = {}, Clock::duration expected = {});
  std::size_t in_flight() const;
  /// Requests that have not begun; read without a lock, so a moment old.
  std::size_t queued() const { return queued_.load(std::memory_order_relaxed); }
  RuntimeStats stats() const;
  void count_deadline_miss() { deadline_misses_.fetch_add(1, std::memory_order_relaxed); }
  bool is_stopped() const;
  /// True in a child that fork() made after this core.
  bool is_of_parent_process() const;

  /// Queues the continuation of a request; after stop(), or without memory for it, the job is refused on the calling
  /// thread. So it is with the other ways to queue.
  void post(Job job);
  /// Queues a request that was admitted.
  void post_request(Job job, const CallOptions& call, Clock::duration expected, std::size_t samples);
  /// Queues work that can wait until no request is queued, or those have begun that were queued before it.
  void post_deferred(Job job);
  /// Runs the job once `when` has come.
  void post_at(Clock::time_point when, Job job);
  /// True on a worker of this core, and on a thread that runs a request of it in a worker's stead; not in exit().
  bool on_worker() const;
  // outside_wait.cpp
  /// A thread that works here begins, and ends, to wait for work on another runtime.
  void begin_wait();
  void end_wait();
  /// True if all that may work here wait so: what is queued is begun by nobody.
  bool all_wait() const;
  /// If all wait: runs one continuation of a request that has begun, on this thread. False if there is none.
  bool continue_here();
  /// The same of all that is queued, while this thread has stack left.
  bool begin_here();
  /// True on a HelpingCaller's thread. It runs what its own request needs and nothing of others': a callback of theirs
  /// could wait for what the host holds while it waits for this request.
  bool on_helping_caller() const;

  void add_member(std::weak_ptr<RuntimeMember> member);
  void add_pipeline(std::weak_ptr<const RuntimePipeline> pipeline);

  /// Refuses what is queued, waits for what runs and joins. On a worker of its own: refuses, joins the others, and
  /// leaves that worker to end by itself. Idempotent; a second caller waits for the first. Does nothing in a child of
  /// fork(), where locks and threads are not what they seem.
  void stop();

 private:
  friend class Admission;
  friend class HelpingCaller;
  class HostTask;
  /// on_worker(), and in exit() as well.
  bool on_own_thread() const;
  void release();
  void wait_for_callers();
  void wait_for_tasks();
  // helping_caller.cpp
  bool begin_help();
  void end_help();
  // budget_slots.cpp
  /// Under the lock: sets the timer for follow_budget(). false: no memory.
  bool watch_budget(Clock::time_point now) noexcept;
  void follow_budget() noexcept;
  /// Calls `push` under the lock, and refuses the job if it cannot be queued.
  template <class Push>
  void queue(Job& job, const Error& stopped, Push push);
  /// Under the lock: the next job, with the reason if it will not run; nothing if there is none now.
  struct Next {
    Job job;
    std::optional<Error> refusal;
  };
  std::optional<Next> next();
  /// What follows when a request begins that was queued; the reason if it is shed.
  std::optional<Error> begin_request(const Ticket& request, Clock::time_point now);
  template <class Take>
  bool run_here(Take take);
  std::optional<JobOrder<Job>::Drained> drain();  // under the lock
  /// While stopping: answers all that is queued.
  void refuse_queued();
  void work(int index);
  // On threads of the host's (host_executor.cpp).
  /// Under the lock: true if a task is to be posted, which counts from now on.
  bool wants_task();
  void post_task() noexcept;
  void post_task_if_wanted() noexcept;
  void run_task();
  void end_task();
  void lose_task();
  void keep_time();

  // What may have to be said when there is no memory left.
  const Error is_stopped_error_;        // to whoever comes after stop()
  const Error refused_error_;           // to requests that were queued before
  const Error ended_error_;             // to requests that had begun
  const Error dropped_error_;           // by the host's executor
  std::shared_ptr<Executor> executor_;  // let go of by stop(): no task may be its last holder
  const bool has_executor_;
  const RuntimeOptions options_;
  const std::unique_ptr<BudgetWatch> budgets_;
  const std::string budget_explanation_;
  mutable std::mutex mutex_;
  std::condition_variable has_work_;
  JobOrder<Job> order_;
  AdmissionPolicy admission_;
  WorkSlots slots_;
  std::atomic<std::size_t> queued_{0};
  std::condition_variable is_idle_;        // while stopping: a caller or a task has ended
  std::atomic<std::size_t> in_flight_{0};  // counted up under the lock
  bool is_budget_watched_ = false;         // a timer is set
  int guests_ = 0;                         // threads of the host's in here: helping callers, and tasks run or posted
  std::atomic<bool> is_stopping_{false};   // set under the lock
  const unsigned fork_generation_;
  std::vector<std::weak_ptr<RuntimeMember>> members_;
  std::vector<std::weak_ptr<const RuntimePipeline>> pipelines_;
  std::mutex join_mutex_;
  std::vector<std::thread> workers_;
  std::uint64_t admitted_ = 0;
  std::atomic<std::uint64_t> deadline_misses_{0};
  RejectCounter rejects_;
  HistogramRecorder queue_age_;
};

}  // namespace gantry::detail
