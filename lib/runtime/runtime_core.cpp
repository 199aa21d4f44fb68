// SPDX-License-Identifier: Apache-2.0
// The worker loop and the ordered shutdown.
#include "runtime/runtime_core.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <utility>

namespace gantry::detail {
namespace {

thread_local const RuntimeCore* current_core = nullptr;

/// While it lives, new threads start with the signals blocked that are sent to the process as a whole: those belong to
/// the host's threads. What a thread brings upon itself (SIGSEGV, ...) stays with it, so that crash handlers see it.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    ::sigfillset(&blocked);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPROF})
      ::sigdelset(&blocked, own);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

RuntimeCore::RuntimeCore(RuntimeOptions options, std::string budget_explanation)
    : options_(options), budget_explanation_(std::move(budget_explanation)) {}

RuntimeCore::~RuntimeCore() {
  for (std::thread& worker : workers_) worker.detach();
}

void RuntimeCore::start_workers() {
  const std::lock_guard lock(join_mutex_);
  const SignalsBlocked blocked;
  for (int i = 0; i < options_.workers; ++i) workers_.emplace_back([core = shared_from_this(), i] { core->work(i); });
}

Error RuntimeCore::stopped_error() const {
  return Error(ErrorCode::kFailedPrecondition, "the runtime was shut down");
}

Result<void> RuntimeCore::admit() {
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return stopped_error();
  if (in_flight_ >= options_.max_in_flight)
    return Error(ErrorCode::kResourceExhausted,
                 std::to_string(in_flight_) +
                     " requests are in flight, the limit is max_in_flight = " + std::to_string(options_.max_in_flight));
  ++in_flight_;
  return {};
}

void RuntimeCore::release() {
  const std::lock_guard lock(mutex_);
  --in_flight_;
}

std::size_t RuntimeCore::in_flight() const {
  const std::lock_guard lock(mutex_);
  return in_flight_;
}

void RuntimeCore::post(Job job) {
  const auto self = shared_from_this();  // the job may be done, and its holders gone, before this thread is
  bool is_refused = false;
  {
    const std::lock_guard lock(mutex_);
    is_refused = is_stopping_;
    if (!is_refused) queue_.push_back(std::move(job));
  }
  if (is_refused) {
    const Error reason(ErrorCode::kCancelled, "the runtime was shut down");
    job(&reason);
    return;
  }
  has_work_.notify_one();
}

bool RuntimeCore::on_worker() const {
  return current_core == this;
}

void RuntimeCore::add_listener(std::weak_ptr<ShutdownListener> listener) {
  const std::lock_guard lock(mutex_);
  listeners_.erase(std::remove_if(listeners_.begin(), listeners_.end(), [](const auto& l) { return l.expired(); }),
                   listeners_.end());
  listeners_.push_back(std::move(listener));
}

void RuntimeCore::stop() {
  std::deque<Job> refused;
  std::vector<std::weak_ptr<ShutdownListener>> listeners;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    refused.swap(queue_);
    listeners.swap(listeners_);
  }
  has_work_.notify_all();
  const Error reason(ErrorCode::kCancelled, "the runtime was shut down before the request could start");
  for (Job& job : refused) job(&reason);
  for (const auto& listener : listeners)
    if (auto alive = listener.lock()) alive->on_shutdown(reason);

  // Whoever holds the mutex is joining; a worker must not wait for that, since it may be the one that is waited for.
  std::unique_lock lock(join_mutex_, std::defer_lock);
  if (!on_worker())
    lock.lock();
  else if (!lock.try_lock())
    return;
  const auto is_own = [](const std::thread& worker) { return worker.get_id() == std::this_thread::get_id(); };
  for (std::thread& worker : workers_)
    if (!is_own(worker)) worker.join();
  workers_.erase(std::remove_if(workers_.begin(), workers_.end(), [&](const auto& w) { return !w.joinable(); }),
                 workers_.end());
}

void RuntimeCore::work(int index) {
  current_core = this;
  ::pthread_setname_np(::pthread_self(), ("gantry-" + std::to_string(index)).c_str());
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      has_work_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    job(nullptr);
  }
}

}  // namespace gantry::detail
