// SPDX-License-Identifier: Apache-2.0
// RuntimeCore on threads of the host's: as many tasks as there may be workers go to the executor while there is work,
// each does one piece of it, and a thread of the runtime's own waits for what has a time.
#include <pthread.h>

#include <cfenv>
#include <gantry/executor.hpp>
#include <new>
#include <utility>

#include "runtime/outside_wait.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry {

Executor::~Executor() = default;

namespace detail {

/// A task at the executor, which knows when it is dropped.
class RuntimeCore::HostTask {
 public:
  explicit HostTask(std::shared_ptr<RuntimeCore> core) : core_(std::move(core)) {}
  HostTask(HostTask&& other) noexcept : core_(std::move(other.core_)) {}
  HostTask& operator=(HostTask&&) = delete;
  ~HostTask() {
    if (core_) core_->lose_task();
  }
  void operator()() { std::exchange(core_, nullptr)->run_task(); }

 private:
  std::shared_ptr<RuntimeCore> core_;
};

bool RuntimeCore::wants_task() {
  if (!has_executor_ || is_stopping_ || !order_.has_work() || !slots_.try_take()) return false;
  ++guests_;
  return true;
}

void RuntimeCore::post_task() noexcept {
  const CallerScope scope(*this);  // an executor that drops the task answers requests on this thread
  try {
    executor_->post(HostTask(shared_from_this()));
  } catch (...) {  // the task is gone, and said so
  }
  end_task();
}

void RuntimeCore::post_task_if_wanted() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (!wants_task()) return;
  }
  post_task();
}

void RuntimeCore::end_task() {
  const std::lock_guard lock(mutex_);
  --guests_;
  if (is_stopping_) is_idle_.notify_all();
}

void RuntimeCore::run_task() {
  const CallerScope scope(*this);
  const WorkingFor working(*this);
  std::fenv_t before;
  std::fegetenv(&before);
  std::fesetenv(FE_DFL_ENV);
  std::unique_lock lock(mutex_);
  ++guests_;
  if (auto job = next()) {
    lock.unlock();
    job->job(job->refusal ? &*job->refusal : nullptr);
    job.reset();
    lock.lock();
  }
  const bool goes_on = !is_stopping_ && order_.has_work() && !slots_.is_over_limit();
  if (!goes_on) slots_.release();
  lock.unlock();
  std::fesetenv(&before);
  if (goes_on) return post_task();  // which ends it
  end_task();
}

void RuntimeCore::lose_task() {
  const auto take = [this](bool is_lost) {
    const std::lock_guard lock(mutex_);
    if (is_lost) slots_.release();
    return slots_.are_all_free() ? drain() : std::nullopt;  // nobody would come for it
  };
  for (auto queued = take(true); queued; queued = take(false)) {
    rejects_.count(ErrorReason::kShutdown);
    queued->job(&dropped_error_);
  }
}

void RuntimeCore::keep_time() {
  ::pthread_setname_np(::pthread_self(), "gantry-timer");
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    const auto when = order_.next_time();
    if (!when) {
      has_work_.wait(lock);
    } else if (auto job = order_.next_timer(Clock::now())) {
      lock.unlock();
      post(*std::move(job));
      job.reset();
      lock.lock();
    } else {
      has_work_.wait_until(lock, *when);
    }
  }
}

}  // namespace detail
}  // namespace gantry
