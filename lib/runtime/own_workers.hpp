// SPDX-License-Identifier: Apache-2.0
// OwnWorkers: a fixed number of threads that sleep until there is work or a timer is due.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "core/mutex.hpp"
#include "runtime/thread_source.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Cost: a thread each; a wake-up takes 10 to 90 us on a virtual machine. They do not spin, which would burn the quota.
class OwnWorkers final : public ThreadSource {
 public:
  explicit OwnWorkers(int count) : count_(count) {}
  /// Detaches the one worker that may be left: the one that is running this, as the core's last holder.
  ~OwnWorkers() override;

  bool comes_with_slot() const noexcept override { return false; }
  void start(const std::shared_ptr<RuntimeCore>& core) override GANTRY_EXCLUDES(join_mutex_);
  void wake_one(RuntimeCore&) noexcept override { has_work_.notify_one(); }
  void wake_timekeeper() noexcept override { has_work_.notify_one(); }
  void wake_all() noexcept override { has_work_.notify_all(); }
  /// On a worker: joins the others, and leaves that worker to end by itself.
  void join(RuntimeCore& core) override;

 private:
  void work(RuntimeCore& core, int index);

  const int count_;
  CondVar has_work_;  // waited for with the queue's mutex
  Mutex join_mutex_;  // held by whoever joins
  std::vector<std::thread> threads_ GANTRY_GUARDED_BY(join_mutex_);
};

}  // namespace gantry::inline GANTRY_ABI::detail
