// SPDX-License-Identifier: Apache-2.0
// RuntimeCore: the workers and the bounded first-in first-out queue behind a Runtime.
//
// Lifetime: Runtime's owner stops the core when the last handle goes. Everything that is in flight holds the core
// alone, never the owner, so that a request cannot keep the runtime from being shut down.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <gantry/function.hpp>
#include <gantry/result.hpp>
#include <gantry/runtime.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace gantry::detail {

/// Work for a worker. Called exactly once: with nullptr to run, or with the reason why it will not run.
using Job = Function<void(const Error* refusal)>;

/// Something that holds waiting work outside the queue and must let go of it on shutdown.
class ShutdownListener {
 public:
  virtual ~ShutdownListener() = default;
  virtual void on_shutdown(const Error& reason) = 0;
};

class RuntimeCore;

/// A request counted in; counts it out when it goes. The core must outlive it.
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

/// Marks this thread, for as long as the object lives, as one that runs a request of `core` in caller execution.
class CallerScope {
 public:
  explicit CallerScope(const RuntimeCore& core);
  CallerScope(const CallerScope&) = delete;
  CallerScope& operator=(const CallerScope&) = delete;
  ~CallerScope();

 private:
  const RuntimeCore* before_;
};

/// Registers the exit hook, which ends every runtime, once more. Statics are destroyed in the opposite order of their
/// construction, and an engine's library makes some on its first calls: after those, the hook must be the newer one.
void renew_exit_hook();

class RuntimeCore : public std::enable_shared_from_this<RuntimeCore> {
 public:
  RuntimeCore(RuntimeOptions options, std::string budget_explanation);
  /// Detaches the one worker that may be left: the one that is running this, as the core's last holder.
  ~RuntimeCore();

  const RuntimeOptions& options() const { return options_; }
  const std::string& budget_explanation() const { return budget_explanation_; }

  void start_workers();
  /// Counts one request in, or says why not: resource_exhausted, failed_precondition after stop() and in a child of
  /// fork(), which has none of the workers.
  Result<Admission> admit();
  std::size_t in_flight() const;
  bool is_stopped() const;
  /// True in a child that fork() made after this core.
  bool is_of_parent_process() const;

  /// Queues a job; after stop(), or without memory for it, the job is refused on the calling thread.
  void post(Job job);
  /// True on a worker of this core, and on a thread that runs a request of it in caller execution.
  bool on_worker() const;

  void add_listener(std::weak_ptr<ShutdownListener> listener);

  /// Refuses what is queued, waits for what runs and joins. On a worker of its own: refuses, joins the others, and
  /// leaves that worker to end by itself. Idempotent; a second caller waits for the first. Does nothing in a child of
  /// fork(), where locks and threads are not what they seem.
  void stop();

 private:
  friend class Admission;
  void release();
  void wait_for_callers();
  /// Under the lock. The reason why there is no place for the job, which is then still the caller's.
  std::optional<Error> push(Job& job);
  void work(int index);
  Error stopped_error() const;

  const RuntimeOptions options_;
  const std::string budget_explanation_;
  mutable std::mutex mutex_;
  std::condition_variable has_work_;
  std::deque<Job> queue_;
  std::condition_variable is_idle_;  // caller execution: nothing is in flight any more
  std::size_t in_flight_ = 0;
  bool is_stopping_ = false;
  const unsigned fork_generation_;
  std::vector<std::weak_ptr<ShutdownListener>> listeners_;
  std::mutex join_mutex_;
  std::vector<std::thread> workers_;
};

}  // namespace gantry::detail
