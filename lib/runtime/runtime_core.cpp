// SPDX-License-Identifier: Apache-2.0
// The worker loop and the ordered shutdown.
#include "runtime/runtime_core.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <cstdio>
#include <new>
#include <utility>

#include "core/error_or_out_of_memory.hpp"
#include "runtime/outside_wait.hpp"

namespace gantry::detail {
namespace {

thread_local const RuntimeCore* current_core = nullptr;
thread_local bool is_exiting = false;  // this thread is in exit()

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

void begin_exit_on_this_thread() {
  is_exiting = true;
}

void Admission::end() {
  if (core_) std::exchange(core_, nullptr)->release();
}

CallerScope::CallerScope(const RuntimeCore& core) : before_(std::exchange(current_core, &core)) {}
CallerScope::~CallerScope() {
  current_core = before_;
}

RuntimeCore::RuntimeCore(RuntimeOptions options, std::unique_ptr<BudgetWatch> budgets)
    : is_stopped_error_(
          Error(ErrorCode::kUnavailable, "the runtime was shut down").with_reason(ErrorReason::kShutdown)),
      refused_error_(Error(ErrorCode::kUnavailable, "the runtime was shut down before the request could start")
                         .with_reason(ErrorReason::kShutdown)),
      ended_error_(Error(ErrorCode::kUnavailable, "the runtime was shut down before the request was done")
                       .with_reason(ErrorReason::kShutdown)),
      dropped_error_(
          Error(ErrorCode::kUnavailable, "the host's executor dropped the work").with_reason(ErrorReason::kShutdown)),
      executor_(std::exchange(options.executor, nullptr)),
      has_executor_(executor_ != nullptr),
      options_(options),
      budgets_(std::move(budgets)),
      budget_explanation_(budgets_->refresh()->cpu.explanation),
      order_(options_.priority_aging, options_.tenant_weights),
      admission_(options_.max_in_flight, options_.shed_target, options_.shed_interval),
      slots_(options_.workers),
      fork_generation_(current_fork_generation()) {}

RuntimeCore::~RuntimeCore() {
  for (std::thread& worker : workers_) worker.detach();
}

void RuntimeCore::start_workers() {
  const std::lock_guard lock(join_mutex_);
  const SignalsBlocked blocked;
  workers_.reserve(has_executor_ ? 1 : static_cast<std::size_t>(options_.workers));
  if (has_executor_) {
    workers_.emplace_back([core = shared_from_this()] { core->keep_time(); });
    return;
  }
  for (int i = 0; i < options_.workers; ++i) workers_.emplace_back([core = shared_from_this(), i] { core->work(i); });
}

bool RuntimeCore::is_of_parent_process() const {
  return fork_generation.load(std::memory_order_relaxed) != fork_generation_;
}

bool RuntimeCore::is_stopped() const {
  const std::lock_guard lock(mutex_);
  return is_stopping_;
}

Result<Admission> RuntimeCore::admit(const CallOptions& call, Clock::duration expected) {
  if (is_of_parent_process())
    return Error(ErrorCode::kFailedPrecondition,
                 "the runtime was made before fork(), and its workers stayed in the parent; make runtimes, models and "
                 "pipelines in the child");
  if (call.has_been_admitted_by(*this)) return Admission();  // it came back
  const auto now = call.deadline ? Clock::now() : Clock::time_point();
  auto refusal = [&]() -> std::optional<Error> {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) return is_stopped_error_;
    const AdmissionPolicy::Load load{in_flight_, order_.queued_requests(), order_.cost_ahead_of(call.priority),
                                     slots_.limit()};
    if (auto why = admission_.refuse(call.deadline, expected, now, load)) return why;
    ++in_flight_;
    if (!call.is_trial) ++admitted_;
    return std::nullopt;
  }();
  if (!refusal) return Admission(*this);
  if (!call.is_trial) rejects_.count(refusal->reason());
  return *std::move(refusal);
}

void RuntimeCore::release() {
  if (--in_flight_ > 0 || !is_stopping_) return;  // stop() looks at the number after it has set the other
  const std::lock_guard lock(mutex_);
  is_idle_.notify_all();
}

void RuntimeCore::wait_for_callers() {
  std::unique_lock lock(mutex_);
  is_idle_.wait(lock, [this] { return in_flight_ == 0; });
}

void RuntimeCore::wait_for_tasks() {
  std::unique_lock lock(mutex_);
  const int own = has_executor_ ? on_own_thread() : on_helping_caller();
  is_idle_.wait(lock, [&] { return guests_ <= own; });
  const auto executor = std::exchange(executor_, nullptr);
  lock.unlock();  // and then it goes
}

std::size_t RuntimeCore::in_flight() const {
  const std::lock_guard lock(mutex_);
  return in_flight_;
}

template <class Push>
void RuntimeCore::queue(Job& job, const Error& stopped, Push push) {
  const auto self = shared_from_this();  // the job may be done, and its holders gone, before this thread is
  std::optional<Error> refusal;
  bool needs_task = false;
  bool needs_worker = false;
  {
    const std::lock_guard lock(mutex_);
    try {
      if (is_stopping_)
        refusal = stopped;
      else
        push();
      needs_task = wants_task();
      needs_worker = slots_.is_free();  // whoever ends a piece of work looks for more by itself
    } catch (const std::bad_alloc&) {   // the job is still whole
      refusal = Error::out_of_memory();
    }
  }
  if (refusal) return job(&*refusal);
  if (needs_task) post_task();
  if (needs_worker && !has_executor_) has_work_.notify_one();
}

void RuntimeCore::post(Job job) {
  queue(job, ended_error_, [&] { order_.push_continuation(std::move(job)); });
}

void RuntimeCore::post_request(Job job, const CallOptions& call, Clock::duration expected, std::size_t samples) {
  const auto now = Clock::now();
  queue(job, refused_error_, [&] {
    Ticket ticket{call.priority, call.tenant,  call.deadline, now, static_cast<double>(samples),
                  expected,      call.is_trial};
    const bool is_first = order_.queued_requests() == 0;
    order_.push_request(std::move(job), std::move(ticket));
    if (is_first) admission_.on_first(now);
    queued_.store(order_.queued_requests(), std::memory_order_relaxed);
  });
}

void RuntimeCore::post_deferred(Job job) {
  queue(job, ended_error_, [&] { order_.push_deferred(std::move(job)); });
}

void RuntimeCore::post_at(Clock::time_point when, Job job) {
  queue(job, ended_error_, [&] { order_.push_at(when, std::move(job)); });
  has_work_.notify_one();  // whoever keeps the time
}

bool RuntimeCore::on_worker() const {
  return on_own_thread() && !is_exiting;
}

bool RuntimeCore::on_own_thread() const {
  return current_core == this;
}

void RuntimeCore::stop() {
  if (is_of_parent_process()) return;
  JobOrder<Job>::Timers timers;  // nobody's request: whoever set one counts what it is for
  std::vector<std::weak_ptr<RuntimeMember>> members;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    timers = order_.drain_timers();
    members.swap(members_);
  }
  has_work_.notify_all();
  refuse_queued();
  for (auto& [when, job] : timers) job(&ended_error_);
  for (const auto& member : members)
    if (auto alive = member.lock()) alive->on_shutdown(ended_error_);
  if (options_.execution == Execution::kCaller && !on_own_thread()) wait_for_callers();

  // Whoever holds the mutex is joining; a worker must not wait for that, since it may be the one that is waited for.
  std::unique_lock lock(join_mutex_, std::defer_lock);
  if (!on_own_thread())
    lock.lock();
  else if (!lock.try_lock())
    return;
  const auto is_own = [](const std::thread& worker) { return worker.get_id() == std::this_thread::get_id(); };
  for (std::thread& worker : workers_)
    if (!is_own(worker)) worker.join();
  workers_.erase(std::remove_if(workers_.begin(), workers_.end(), [&](const auto& w) { return !w.joinable(); }),
                 workers_.end());
  wait_for_tasks();
  for (const auto& member : members)  // calls that a helping caller left behind
    if (auto alive = member.lock()) alive->on_shutdown(ended_error_);
}

std::optional<JobOrder<Job>::Drained> RuntimeCore::drain() {
  auto drained = order_.drain(Clock::now());
  queued_.store(order_.queued_requests(), std::memory_order_relaxed);
  return drained;
}

void RuntimeCore::refuse_queued() {
  for (;;) {
    auto queued = [this] {
      const std::lock_guard lock(mutex_);
      return drain();
    }();
    if (!queued) return;
    rejects_.count(ErrorReason::kShutdown);
    queued->job(queued->has_begun ? &ended_error_ : &refused_error_);
  }
}

void RuntimeCore::work(int index) {
  current_core = this;
  const WorkingFor working(*this);
  std::fesetenv(FE_DFL_ENV);  // whatever the thread had set that made the runtime
  char name[16];
  std::snprintf(name, sizeof name, "gantry-%d", index);
  ::pthread_setname_np(::pthread_self(), name);
  std::unique_lock lock(mutex_);
  for (;;) {
    const bool may_run = slots_.is_free();
    if (auto job = may_run ? next() : std::nullopt) {
      slots_.try_take();
      lock.unlock();
      job->job(job->refusal ? &*job->refusal : nullptr);
      job.reset();  // what it held goes without the lock
      lock.lock();
      slots_.release();
    } else if (is_stopping_) {
      return;
    } else if (const auto when = order_.next_time(); !when || (!may_run && *when <= Clock::now())) {
      has_work_.wait(lock);
    } else {
      has_work_.wait_until(lock, *when);
    }
  }
}

std::optional<RuntimeCore::Next> RuntimeCore::next() {
  if (is_stopping_) return std::nullopt;  // what is left is stop()'s to refuse
  const auto now = Clock::now();
  auto next = order_.next(now);
  if (!next) return std::nullopt;
  return Next{std::move(next->job), next->request ? begin_request(*next->request, now) : std::nullopt};
}

std::optional<Error> RuntimeCore::begin_request(const Ticket& request, Clock::time_point now) {
  const std::size_t left = order_.queued_requests();
  queued_.store(left, std::memory_order_relaxed);
  admission_.on_begin(now, request, left == 0);
  if (!is_budget_watched_) watch_budget(now);
  if (!request.is_trial) queue_age_.record(now - request.queued);
  try {
    auto refusal = admission_.shed(request, left == 0, order_.cost_ahead_of(-kHighestPriority), now);
    if (refusal) rejects_.count(ErrorReason::kShed);
    return refusal;
  } catch (const std::bad_alloc&) {  // no memory to refuse it: then it is computed
    return std::nullopt;
  }
}

}  // namespace gantry::detail
