// SPDX-License-Identifier: Apache-2.0
// HostTasks: threads of the host's. A task goes to its executor for each slot while there is work, and does one piece
// of it; a thread of the runtime's own waits for timers.
#pragma once

#include <gantry/executor.hpp>
#include <memory>
#include <thread>
#include <utility>

#include "core/mutex.hpp"
#include "runtime/thread_source.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: holds the executor until join(), so that no task is its last holder.
/// Cost:      one Executor::post() for each piece of work.
class HostTasks final : public ThreadSource {
 public:
  explicit HostTasks(std::shared_ptr<Executor> executor) : executor_(std::move(executor)) {}
  ~HostTasks() override;

  bool comes_with_slot() const noexcept override { return true; }
  void start(const std::shared_ptr<RuntimeCore>& core) override GANTRY_EXCLUDES(join_mutex_);
  /// Posts a task, whose slot is taken.
  void wake_one(RuntimeCore& core) noexcept override;
  void wake_timekeeper() noexcept override { timer_changed_.notify_one(); }
  void wake_all() noexcept override { timer_changed_.notify_one(); }
  /// Waits for all tasks but the one that this thread runs, and lets go of the executor.
  void join(RuntimeCore& core) override;

 private:
  class Task;
  void run_task(RuntimeCore& core);
  void keep_time(RuntimeCore& core);

  std::shared_ptr<Executor> executor_;  // used during a visit; let go of when there is none any more
  CondVar timer_changed_;               // waited for with the queue's mutex
  Mutex join_mutex_;                    // held by whoever joins
  std::thread timekeeper_ GANTRY_GUARDED_BY(join_mutex_);
};

}  // namespace gantry::inline GANTRY_ABI::detail
