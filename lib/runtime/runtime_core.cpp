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
      requests_(options_.priority_aging, options_.tenant_weights),
      overload_(options_.shed_target, options_.shed_interval),
      places_(options_.workers),
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
    if (in_flight_ >= options_.max_in_flight)
      return Error(ErrorCode::kResourceExhausted, std::to_string(in_flight_) +
                                                      " requests are in flight, the limit is max_in_flight = " +
                                                      std::to_string(options_.max_in_flight))
          .with_reason(ErrorReason::kQueueFull, overload_.time_for(1));
    if (auto late = check_deadline(call, expected, now)) return late;
    ++in_flight_;
    if (!call.is_trial) ++admitted_;
    return std::nullopt;
  }();
  if (!refusal) return Admission(*this);
  if (!call.is_trial) rejects_.count(refusal->reason());
  return *std::move(refusal);
}

std::optional<Error> RuntimeCore::check_deadline(const CallOptions& call, Clock::duration expected,
                                                 Clock::time_point now) {
  if (!call.deadline || in_flight_ == 0) return std::nullopt;  // when idle it is tried, so that a wrong guess is mended
  const auto milliseconds = [](Clock::duration duration) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) + " ms";
  };
  const auto left = *call.deadline - now;
  if (expected > left)
    return Error(ErrorCode::kDeadlineExceeded, "it would take " + milliseconds(expected) + ", and the deadline is in " +
                                                   milliseconds(std::max(left, Clock::duration::zero())))
        .with_reason(ErrorReason::kDeadlineUnreachable);
  // Those that wait elsewhere, for a model, are ahead as well; those that run are not.
  const auto workers = static_cast<std::size_t>(places_);
  const std::size_t in_flight = in_flight_;
  const std::size_t begun = in_flight - std::min(in_flight, requests_.size());
  const double ahead = requests_.cost_ahead_of(call.priority) + static_cast<double>(begun - std::min(begun, workers));
  const auto needed = overload_.time_for(ahead) + expected;
  if (needed <= left) return std::nullopt;
  return Error(ErrorCode::kResourceExhausted, "it would be ready in " + milliseconds(needed) +
                                                  ", behind the requests that wait, and the deadline is in " +
                                                  milliseconds(left))
      .with_reason(ErrorReason::kDeadlineUnreachable, needed - left);
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
  is_idle_.wait(lock, [&] { return tasks_active_ + helping_ <= own; });
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
      needs_worker = at_work_ < places_;  // whoever ends his work looks for more by himself
    } catch (const std::bad_alloc&) {     // the job is still whole: it is moved once there is a place for it
      refusal = Error::out_of_memory();
    }
  }
  if (refusal) return job(&*refusal);
  if (needs_task) post_task();
  if (needs_worker && !has_executor_) has_work_.notify_one();
}

void RuntimeCore::post(Job job) {
  queue(job, ended_error_, [&] { begun_.push_back(std::move(job)); });
}

void RuntimeCore::post_request(Job job, const CallOptions& call, Clock::duration expected, std::size_t samples) {
  const auto now = Clock::now();
  queue(job, refused_error_, [&] {
    Ticket ticket{call.priority, call.tenant,  call.deadline, now, static_cast<double>(samples),
                  expected,      call.is_trial};
    const bool is_first = requests_.empty();
    requests_.push(std::move(job), std::move(ticket));
    if (is_first) overload_.on_first(now);
    queued_.store(requests_.size(), std::memory_order_relaxed);
  });
}

void RuntimeCore::post_late(Job job) {
  queue(job, ended_error_, [&] {
    late_.emplace_back();  // before the job is moved: that needs memory
    late_.back() = {std::move(job), requests_begun_ + requests_.size()};
  });
}

void RuntimeCore::post_at(Clock::time_point when, Job job) {
  queue(job, ended_error_, [&] { timed_.emplace(when, std::move(job)); });
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
  std::multimap<Clock::time_point, Job> timers;  // nobody's request: whoever set one counts what it is for
  std::vector<std::weak_ptr<RuntimeMember>> members;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    timers.swap(timed_);
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

std::optional<RuntimeCore::Queued> RuntimeCore::take_queued() {
  const auto front = [](auto& queue, auto job_of) {
    Queued queued{std::move(job_of(queue.front())), true};
    queue.pop_front();
    return queued;
  };
  if (!begun_.empty()) return front(begun_, [](Job& job) -> Job& { return job; });
  if (auto entry = requests_.take(Clock::now())) {
    queued_.store(requests_.size(), std::memory_order_relaxed);
    return Queued{std::move(entry->item), false};
  }
  if (!late_.empty()) return front(late_, [](Late& late) -> Job& { return late.job; });
  return std::nullopt;
}

void RuntimeCore::refuse_queued() {
  for (;;) {
    auto queued = [this] {
      const std::lock_guard lock(mutex_);
      return take_queued();
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
    const bool has_place = at_work_ < places_;
    if (auto job = has_place ? next() : std::nullopt) {
      ++at_work_;
      lock.unlock();
      job->job(job->refusal ? &*job->refusal : nullptr);
      job.reset();  // what it held goes without the lock
      lock.lock();
      --at_work_;
    } else if (is_stopping_) {
      return;
    } else if (timed_.empty() || (!has_place && timed_.begin()->first <= Clock::now())) {
      has_work_.wait(lock);
    } else {
      const auto when = timed_.begin()->first;
      has_work_.wait_until(lock, when);
    }
  }
}

std::optional<RuntimeCore::Next> RuntimeCore::next() {
  if (is_stopping_) return std::nullopt;  // what is left is stop()'s to refuse
  if (auto begun = take_begun(timed_.empty() ? Clock::time_point() : Clock::now()))
    return Next{*std::move(begun), std::nullopt};
  if (!late_.empty() && (requests_.empty() || requests_begun_ >= late_.front().after)) {
    Next next{std::move(late_.front().job), std::nullopt};
    late_.pop_front();
    return next;
  }
  if (requests_.empty()) return std::nullopt;
  return next_request(Clock::now());
}

std::optional<Job> RuntimeCore::take_begun(Clock::time_point now) {
  std::optional<Job> job;
  if (!begun_.empty()) {
    job = std::move(begun_.front());
    begun_.pop_front();
  } else if (!timed_.empty() && timed_.begin()->first <= now) {
    job = std::move(timed_.begin()->second);
    timed_.erase(timed_.begin());
  }
  return job;
}

RuntimeCore::Next RuntimeCore::next_request(Clock::time_point now) {
  auto entry = *requests_.take(now);
  const bool is_last = requests_.empty();
  overload_.on_take(now, entry.ticket.cost, is_last);
  ++requests_begun_;
  if (!is_budget_watched_) watch_budget(now);
  queued_.store(requests_.size(), std::memory_order_relaxed);
  const auto waited = now - entry.ticket.queued;
  if (!entry.ticket.is_trial) queue_age_.record(waited);
  Next next{std::move(entry.item), std::nullopt};
  // The last one is never shed: there would be nothing to compute instead.
  if (entry.ticket.deadline && !is_last && overload_.should_shed(now, entry.ticket.queued, entry.ticket.expected)) try {
      next.refusal =
          Error(ErrorCode::kResourceExhausted, "shed after " + std::to_string(waited / std::chrono::milliseconds(1)) +
                                                   " ms in a queue that stands; more comes in than can be "
                                                   "computed")
              .with_reason(ErrorReason::kShed, overload_.time_for(requests_.cost_ahead_of(-kHighestPriority)));
      rejects_.count(ErrorReason::kShed);
    } catch (const std::bad_alloc&) {  // no memory to refuse it: then it is computed
    }
  return next;
}

}  // namespace gantry::detail
