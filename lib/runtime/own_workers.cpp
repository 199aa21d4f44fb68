// SPDX-License-Identifier: Apache-2.0
#include "runtime/own_workers.hpp"

#include <pthread.h>

#include <algorithm>
#include <cfenv>
#include <cstdio>

#include "runtime/current_thread.hpp"
#include "runtime/outside_wait.hpp"
#include "runtime/runtime_core.hpp"
#include "runtime/signals_blocked.hpp"

namespace gantry::inline GANTRY_ABI::detail {

OwnWorkers::~OwnWorkers() {
  const MutexLock lock(join_mutex_);
  for (std::thread& thread : threads_) thread.detach();
}

void OwnWorkers::start(const std::shared_ptr<RuntimeCore>& core) {
  const MutexLock lock(join_mutex_);
  const SignalsBlocked blocked;
  threads_.reserve(static_cast<std::size_t>(count_));
  for (int i = 0; i < count_; ++i) threads_.emplace_back([this, core, i] { work(*core, i); });
}

void OwnWorkers::work(RuntimeCore& core, int index) {
  const CallerScope scope(core);
  const WorkingFor working(core);
  std::fesetenv(FE_DFL_ENV);  // a thread inherits the environment of the thread that created the runtime
  char name[16];
  std::snprintf(name, sizeof name, "gantry-%d", index);
  ::pthread_setname_np(::pthread_self(), name);
  WorkQueue& queue = core.queue();
  const MutexLock lock(queue.mutex());
  while (!queue.is_stopping()) {
    if (queue.run_one()) continue;
    if (const auto when = queue.next_look())
      has_work_.wait_until(queue.mutex(), core.time(), *when);
    else
      has_work_.wait(queue.mutex());
  }
}

void OwnWorkers::join(RuntimeCore& core) {
  // The holder of the mutex is joining. A worker must not wait for it, since the holder may be waiting for this worker.
  const bool is_own = current_core() == &core;
  if (!is_own)
    join_mutex_.lock();
  else if (!join_mutex_.try_lock())
    return;
  const auto is_this = [](const std::thread& thread) { return thread.get_id() == std::this_thread::get_id(); };
  for (std::thread& thread : threads_)
    if (!is_this(thread)) thread.join();
  threads_.erase(
      std::remove_if(threads_.begin(), threads_.end(), [](const auto& thread) { return !thread.joinable(); }),
      threads_.end());
  core.queue().occupancy().wait_for_visits(helped_core() == &core ? 1 : 0);
  join_mutex_.unlock();
}

}  // namespace gantry::inline GANTRY_ABI::detail
