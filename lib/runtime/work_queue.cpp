// SPDX-License-Identifier: Apache-2.0
#include "runtime/work_queue.hpp"

#include <new>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

WorkQueue::WorkQueue(const RuntimeOptions& options, const TimeSource& time, bool needs_reserved_slots,
                     RuntimeCounters& counters)
    : time_(time),
      needs_reserved_slots_(needs_reserved_slots),
      counters_(counters),
      order_(options.priority_aging, options.tenant_weights),
      admission_(options.max_in_flight, options.shed_target, options.shed_interval),
      slots_(options.workers) {}

void WorkQueue::add_to(RuntimeStats& stats) const {
  const MutexLock lock(mutex_);
  stats.in_flight = in_flight();
  stats.workers = slots_.limit();
  stats.queued = order_.queued_requests();
}

Result<Admission> WorkQueue::admit(const CallOptions& call, Clock::duration expected) {
  const auto now = call.deadline ? this->now() : Clock::time_point();
  auto admitted = [&]() -> Result<Admission> {
    const MutexLock lock(mutex_);
    if (is_stopping_) return errors_.stopped;
    const AdmissionPolicy::Load load{in_flight(), order_.queued_requests(), order_.cost_ahead_of(call.priority),
                                     slots_.limit()};
    if (auto why = admission_.refuse(call.deadline, expected, now, load)) return *std::move(why);
    return occupancy_.admit();
  }();
  if (call.is_trial) return admitted;
  if (admitted)
    counters_.admitted.add();
  else
    counters_.rejects.count(admitted.error().reason());
  return admitted;
}

template <class Push>
WorkQueue::Pushed WorkQueue::push(const Error& stopped, Push push) {
  const MutexLock lock(mutex_);
  try {
    if (is_stopping_) return {stopped, false};
    push();
  } catch (const std::bad_alloc&) {  // the job was not moved from
    return {Error::out_of_memory(), false};
  }
  // A thread that ends a job looks for more work by itself, so no thread is woken unless a slot is free.
  return {std::nullopt, needs_reserved_slots_ ? try_reserve_slot() : slots_.is_free()};
}

WorkQueue::Pushed WorkQueue::push_continuation(Job& job) {
  return push(errors_.ended, [&] {
    mutex_.assert_held();
    order_.push_continuation(std::move(job));
  });
}

WorkQueue::Pushed WorkQueue::push_request(Job& job, const CallOptions& call, Clock::duration expected,
                                          std::size_t samples) {
  const auto now = this->now();
  return push(errors_.refused, [&] {
    mutex_.assert_held();
    Ticket ticket{call.priority, call.tenant,  call.deadline, now, static_cast<double>(samples),
                  expected,      call.is_trial};
    const bool is_first = order_.queued_requests() == 0;
    order_.push_request(std::move(job), std::move(ticket));
    if (is_first) admission_.on_first(now);
    queued_.store(order_.queued_requests(), std::memory_order_relaxed);
  });
}

WorkQueue::Pushed WorkQueue::push_deferred(Job& job) {
  return push(errors_.ended, [&] {
    mutex_.assert_held();
    order_.push_deferred(std::move(job));
  });
}

WorkQueue::Pushed WorkQueue::push_at(Clock::time_point when, Job& job) {
  return push(errors_.ended, [&] {
    mutex_.assert_held();
    order_.push_at(when, std::move(job));
  });
}

std::optional<Clock::time_point> WorkQueue::next_look() const {
  // If no slot is free, a timer that is due already is run by the thread that releases one. A later timer needs a
  // thread that sleeps until then: a helping caller that releases its slot wakes a thread only if a timer is due at
  // that moment.
  return slots_.is_free() ? order_.next_time() : order_.next_time_after(now());
}

std::optional<Work> WorkQueue::take_work() {
  if (!slots_.try_take()) return std::nullopt;
  auto work = next();
  if (!work) slots_.release();
  return work;
}

bool WorkQueue::run_one() {
  auto work = take_work();
  if (!work) return false;
  mutex_.unlock();
  work->run();
  work.reset();  // destroys the job while the lock is not held
  mutex_.lock();
  release_slot();
  return true;
}

void WorkQueue::run_one_in_slot() {
  auto work = next();
  if (!work) return;
  mutex_.unlock();
  work->run();
  work.reset();
  mutex_.lock();
}

bool WorkQueue::keep_or_release_slot() {
  const bool is_kept = !is_stopping_ && order_.has_work() && !slots_.is_over_limit();
  if (!is_kept) release_slot();
  return is_kept;
}

void WorkQueue::lose_slot() {
  const auto take = [this](bool is_lost) -> std::optional<Drained> {
    const MutexLock lock(mutex_);
    if (is_lost) release_slot();
    return slots_.are_all_free() ? drain() : std::nullopt;  // no thread is left to run it
  };
  for (auto queued = take(true); queued; queued = take(false)) {
    counters_.rejects.count(ErrorReason::kShutdown);
    queued->job(&errors_.dropped);
  }
}

bool WorkQueue::try_reserve_slot() {
  if (is_stopping_ || !order_.has_work() || !slots_.try_take()) return false;
  occupancy_.begin_visit();
  return true;
}

bool WorkQueue::reserve_slot() {
  const MutexLock lock(mutex_);
  return try_reserve_slot();
}

int WorkQueue::set_limit(int limit) {
  const MutexLock lock(mutex_);
  return slots_.set_limit(limit);
}

std::optional<Work> WorkQueue::next() {
  if (is_stopping_) return std::nullopt;  // refuse_queued() takes what is left
  const auto now = this->now();
  auto next = order_.next(now);
  if (!next) return std::nullopt;
  return Work{std::move(next->job), next->request ? begin_request(*next->request, now) : std::nullopt};
}

std::optional<Error> WorkQueue::begin_request(const Ticket& request, Clock::time_point now) {
  const std::size_t left = order_.queued_requests();
  queued_.store(left, std::memory_order_relaxed);
  admission_.on_begin(now, request, left == 0);
  if (!request.is_trial) counters_.queue_age.record(now - request.queued);
  try {
    auto refusal = admission_.shed(request, left == 0, order_.cost_ahead_of(-kHighestPriority), now);
    if (refusal) counters_.rejects.count(ErrorReason::kShed);
    return refusal;
  } catch (const std::bad_alloc&) {  // no memory for the error: compute the request instead
    return std::nullopt;
  }
}

bool WorkQueue::begin_help() {
  {
    const MutexLock lock(mutex_);
    if (is_stopping_ || order_.has_work() || !slots_.try_take()) return false;
    occupancy_.begin_visit();
    order_.count_begun();
  }
  counters_.queue_age.record(Clock::duration::zero());
  return true;
}

bool WorkQueue::end_help() {
  const MutexLock lock(mutex_);
  release_slot();
  return order_.has_work() || order_.is_timer_due(now());
}

void WorkQueue::begin_wait() {
  const MutexLock lock(mutex_);
  slots_.begin_wait();
}

void WorkQueue::end_wait() {
  const MutexLock lock(mutex_);
  slots_.end_wait();
}

bool WorkQueue::all_wait() const {
  const MutexLock lock(mutex_);
  return slots_.do_all_wait();
}

std::optional<Job> WorkQueue::take_continuation_if_all_wait() {
  const MutexLock lock(mutex_);
  if (is_stopping_ || !slots_.do_all_wait()) return std::nullopt;
  return order_.next_continuation(now());
}

std::optional<Work> WorkQueue::take_work_if_all_wait() {
  const MutexLock lock(mutex_);
  if (is_stopping_ || !slots_.do_all_wait()) return std::nullopt;
  return next();
}

bool WorkQueue::is_stopped() const {
  const MutexLock lock(mutex_);
  return is_stopping_;
}

WorkQueue::Timers WorkQueue::stop() {
  const MutexLock lock(mutex_);
  is_stopping_ = true;
  occupancy_.begin_stop();
  return order_.drain_timers();
}

std::optional<WorkQueue::Drained> WorkQueue::drain() {
  auto drained = order_.drain(now());
  queued_.store(order_.queued_requests(), std::memory_order_relaxed);
  return drained;
}

void WorkQueue::refuse_queued() {
  for (;;) {  // one at a time: a list would need memory
    auto queued = [this] {
      const MutexLock lock(mutex_);
      return drain();
    }();
    if (!queued) return;
    counters_.rejects.count(ErrorReason::kShutdown);
    queued->job(queued->has_begun ? &errors_.ended : &errors_.refused);
  }
}

}  // namespace gantry::inline GANTRY_ABI::detail
