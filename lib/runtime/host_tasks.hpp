// SPDX-License-Identifier: Apache-2.0
// HostTasks: runs the work on the host's threads. While there is work, one task per slot is posted to the host's
// Executor; each task runs one job. One thread of the runtime waits for timers.
#pragma once

#include <gantry/executor.hpp>
#include <memory>
#include <thread>
#include <utility>

#include "core/mutex.hpp"
#include "runtime/thread_source.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: holds the executor until join(), so that no task destroys the executor that runs it.
/// Cost:      one Executor::post() per job.
class HostTasks final : public ThreadSource {
 public:
  explicit HostTasks(std::shared_ptr<Executor> executor) : executor_(std::move(executor)) {}
  ~HostTasks() override;

  bool comes_with_slot() const noexcept override { return true; }
  void start(const std::shared_ptr<RuntimeCore>& core) override GANTRY_EXCLUDES(join_mutex_);
  /// Posts a task, for which the caller has reserved a slot.
  void wake_one(RuntimeCore& core) noexcept override;
  void wake_timekeeper() noexcept override { timer_changed_.notify_one(); }
  void wake_all() noexcept override { timer_changed_.notify_one(); }
  /// Waits for all tasks, except one that this thread runs itself, and releases the executor.
  void join(RuntimeCore& core) override;

 private:
  class Task;
  void run_task(RuntimeCore& core);
  void keep_time(RuntimeCore& core);

  std::shared_ptr<Executor> executor_;  // used only during a visit (Occupancy); released when no visit is left
  CondVar timer_changed_;               // waited for with the queue's mutex
  Mutex join_mutex_;                    // held during join()
  std::thread timekeeper_ GANTRY_GUARDED_BY(join_mutex_);
};

}  // namespace gantry::inline GANTRY_ABI::detail
