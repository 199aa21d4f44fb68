// SPDX-License-Identifier: Apache-2.0
#include "runtime/host_tasks.hpp"

#include <pthread.h>

#include <cfenv>
#include <optional>
#include <utility>

#include "runtime/current_thread.hpp"
#include "runtime/outside_wait.hpp"
#include "runtime/runtime_core.hpp"
#include "runtime/signals_blocked.hpp"

namespace gantry::inline GANTRY_ABI {

Executor::~Executor() = default;

namespace detail {

/// A task posted to the executor. Its destructor detects that the executor dropped it without running it.
class HostTasks::Task {
 public:
  Task(HostTasks& tasks, std::shared_ptr<RuntimeCore> core) : tasks_(tasks), core_(std::move(core)) {}
  Task(Task&& other) noexcept : tasks_(other.tasks_), core_(std::move(other.core_)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (core_) core_->queue().lose_slot();
  }
  void operator()() {
    const auto core = std::exchange(core_, nullptr);
    tasks_.run_task(*core);
  }

 private:
  HostTasks& tasks_;  // owned by the core
  std::shared_ptr<RuntimeCore> core_;
};

HostTasks::~HostTasks() {
  const MutexLock lock(join_mutex_);
  if (timekeeper_.joinable()) timekeeper_.detach();
}

void HostTasks::start(const std::shared_ptr<RuntimeCore>& core) {
  const MutexLock lock(join_mutex_);
  const SignalsBlocked blocked;
  timekeeper_ = std::thread([this, core] { keep_time(*core); });
}

void HostTasks::wake_one(RuntimeCore& core) noexcept {
  const CallerScope scope(core);  // if post() drops the task, lose_slot() runs completions on this thread
  try {
    executor_->post(Task(*this, core.shared_from_this()));
  } catch (...) {  // the task was destroyed, and its destructor has released the slot
  }
}

void HostTasks::run_task(RuntimeCore& core) {
  const CallerScope scope(core);
  const WorkingFor working(core);
  std::fenv_t before;
  std::fegetenv(&before);
  std::fesetenv(FE_DFL_ENV);
  WorkQueue& queue = core.queue();
  const bool is_wanted = [&queue] {
    const MutexLock lock(queue.mutex());
    queue.occupancy().begin_visit();
    queue.run_one_in_slot();
    return queue.keep_or_release_slot();
  }();
  std::fesetenv(&before);
  if (is_wanted) wake_one(core);
  queue.occupancy().end_visit();
}

void HostTasks::keep_time(RuntimeCore& core) {
  ::pthread_setname_np(::pthread_self(), "gantry-timer");
  WorkQueue& queue = core.queue();
  MutexLock lock(queue.mutex());
  while (!queue.is_stopping()) {
    if (auto job = queue.take_due_timer()) {
      lock.unlock();
      core.post(*std::exchange(job, std::nullopt));  // destroys the job while the lock is not held
      lock.lock();
    } else if (const auto when = queue.next_timer()) {
      timer_changed_.wait_until(queue.mutex(), core.time(), *when);
    } else {
      timer_changed_.wait(queue.mutex());
    }
  }
}

void HostTasks::join(RuntimeCore& core) {
  const bool is_own = current_core() == &core;
  if (!is_own)
    join_mutex_.lock();
  else if (!join_mutex_.try_lock())
    return;
  if (timekeeper_.joinable()) timekeeper_.join();
  core.queue().occupancy().wait_for_visits(is_own ? 1 : 0);
  const auto executor = std::exchange(executor_, nullptr);
  join_mutex_.unlock();
}

}  // namespace detail
}  // namespace gantry::inline GANTRY_ABI
