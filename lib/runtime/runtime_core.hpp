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
#include <string>
#include <thread>
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

class RuntimeCore : public std::enable_shared_from_this<RuntimeCore> {
 public:
  RuntimeCore(RuntimeOptions options, std::string budget_explanation);
  /// Detaches the one worker that may be left: the one that is running this, as the core's last holder.
  ~RuntimeCore();

  const RuntimeOptions& options() const { return options_; }
  const std::string& budget_explanation() const { return budget_explanation_; }

  void start_workers();
  /// Counts one request in, or says why not: resource_exhausted, failed_precondition after stop().
  Result<void> admit();
  /// Counts it out.
  void release();
  std::size_t in_flight() const;

  /// Queues a job; after stop() the job is refused on the calling thread.
  void post(Job job);
  /// True on a worker of this core.
  bool on_worker() const;

  void add_listener(std::weak_ptr<ShutdownListener> listener);

  /// Refuses what is queued, waits for what runs and joins. On a worker of its own: refuses, joins the others, and
  /// leaves that worker to end by itself. Idempotent; a second caller waits for the first.
  void stop();

 private:
  void work(int index);
  Error stopped_error() const;

  const RuntimeOptions options_;
  const std::string budget_explanation_;
  mutable std::mutex mutex_;
  std::condition_variable has_work_;
  std::deque<Job> queue_;
  std::size_t in_flight_ = 0;
  bool is_stopping_ = false;
  std::vector<std::weak_ptr<ShutdownListener>> listeners_;
  std::mutex join_mutex_;
  std::vector<std::thread> workers_;
};

}  // namespace gantry::detail
