// SPDX-License-Identifier: Apache-2.0
// OwnWorkers: a fixed number of threads that sleep until there is work or a timer is due.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "core/mutex.hpp"
#include "runtime/thread_source.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Cost: one thread per worker; a wake-up takes 10 to 90 us on a virtual machine. Workers do not spin, since spinning
///       would use up the CPU quota.
class OwnWorkers final : public ThreadSource {
 public:
  explicit OwnWorkers(int count) : count_(count) {}
  /// Detaches the worker that runs this destructor, if it is a worker that releases the core last. All others have been
  /// joined.
  ~OwnWorkers() override;

  bool comes_with_slot() const noexcept override { return false; }
  void start(const std::shared_ptr<RuntimeCore>& core) override GANTRY_EXCLUDES(join_mutex_);
  void wake_one(RuntimeCore&) noexcept override { has_work_.notify_one(); }
  void wake_timekeeper() noexcept override { has_work_.notify_one(); }
  void wake_all() noexcept override { has_work_.notify_all(); }
  /// If called on a worker, joins the others; that worker ends later by itself.
  void join(RuntimeCore& core) override;

 private:
  void work(RuntimeCore& core, int index);

  const int count_;
  CondVar has_work_;  // waited for with the queue's mutex
  Mutex join_mutex_;  // held during join()
  std::vector<std::thread> threads_ GANTRY_GUARDED_BY(join_mutex_);
};

}  // namespace gantry::inline GANTRY_ABI::detail
