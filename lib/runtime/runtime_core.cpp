// SPDX-License-Identifier: Apache-2.0
// The worker loop and the ordered shutdown.
#include "runtime/runtime_core.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <new>
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

/// How often this process is a child of fork().
std::atomic<unsigned> fork_generation{0};

unsigned current_fork_generation() {
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] { fork_generation.fetch_add(1); });
  static_cast<void>(registered);
  return fork_generation.load();
}

}  // namespace

void Admission::end() {
  if (core_) std::exchange(core_, nullptr)->release();
}

CallerScope::CallerScope(const RuntimeCore& core) : before_(std::exchange(current_core, &core)) {}
CallerScope::~CallerScope() {
  current_core = before_;
}

RuntimeCore::RuntimeCore(RuntimeOptions options, std::string budget_explanation)
    : options_(options),
      budget_explanation_(std::move(budget_explanation)),
      fork_generation_(current_fork_generation()) {}

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

bool RuntimeCore::is_of_parent_process() const {
  return fork_generation.load(std::memory_order_relaxed) != fork_generation_;
}

bool RuntimeCore::is_stopped() const {
  const std::lock_guard lock(mutex_);
  return is_stopping_;
}

Result<Admission> RuntimeCore::admit() {
  if (is_of_parent_process())
    return Error(ErrorCode::kFailedPrecondition,
                 "the runtime was made before fork(), and its workers stayed in the parent; make runtimes, models and "
                 "pipelines in the child");
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return stopped_error();
  if (in_flight_ >= options_.max_in_flight)
    return Error(ErrorCode::kResourceExhausted,
                 std::to_string(in_flight_) +
                     " requests are in flight, the limit is max_in_flight = " + std::to_string(options_.max_in_flight));
  ++in_flight_;
  return Admission(*this);
}

void RuntimeCore::release() {
  const std::lock_guard lock(mutex_);
  if (--in_flight_ == 0 && is_stopping_) is_idle_.notify_all();
}

void RuntimeCore::wait_for_callers() {
  std::unique_lock lock(mutex_);
  is_idle_.wait(lock, [this] { return in_flight_ == 0; });
}

std::size_t RuntimeCore::in_flight() const {
  const std::lock_guard lock(mutex_);
  return in_flight_;
}

void RuntimeCore::post(Job job) {
  const auto self = shared_from_this();  // the job may be done, and its holders gone, before this thread is
  std::optional<Error> refusal;
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_)
      refusal = Error(ErrorCode::kCancelled, "the runtime was shut down");
    else
      refusal = push(job);
  }
  if (refusal) return job(&*refusal);
  has_work_.notify_one();
}

std::optional<Error> RuntimeCore::push(Job& job) {
  try {
    queue_.push_back(std::move(job));
    return std::nullopt;
  } catch (const std::bad_alloc&) {  // the job is still whole: it is moved once there is a place for it
    return Error(ErrorCode::kResourceExhausted, "no memory to queue the request");
  }
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
  if (is_of_parent_process()) return;
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
  if (options_.execution == Execution::kCaller && !on_worker()) wait_for_callers();

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
  std::fesetenv(FE_DFL_ENV);  // whatever the thread had set that made the runtime
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
