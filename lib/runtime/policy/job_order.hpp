// SPDX-License-Identifier: Apache-2.0
// JobOrder: what a worker does next. Pure: the time is an argument.
//
// In this order:
// 1. the continuation of a request that has begun;
// 2. a timer that is due;
// 3. deferred work, if no request is queued, or as many requests have begun since it was deferred as were queued then
//    (any requests: those that overtook them count, and those that began without being queued);
// 4. a new request, as FairQueue orders them.
// Within 1 and 3, first in, first out; timers run by their time, those of the same time in the order of push_at().
// Nothing bounds 1 and 2: while a request that has begun can go on, or a timer is due, no other request begins.
//
// A rule among requests belongs into FairQueue; one between these classes into next(), and into next_continuation(),
// by which a caller that waits for its own request takes work, if it concerns 1 or 2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "runtime/policy/fair_queue.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: owns its jobs.
/// Threads:   none of its own; callers lock.
/// Errors:    std::bad_alloc from push_*(), which then took nothing: the job is still the caller's.
/// Cost:      for a request FairQueue::take(): linear in the priorities and tenants that have requests; else constant,
///            logarithmic in timers.
template <class Job>
class JobOrder {
 public:
  using Timers = std::multimap<Clock::time_point, Job>;

  struct Next {
    Job job;
    std::optional<Ticket> request;  ///< of a request that begins with this
  };

  JobOrder(Clock::duration aging, std::map<std::string, double> weights) : requests_(aging, std::move(weights)) {}

  void push_continuation(Job&& job) { continuations_.push_back(std::move(job)); }
  void push_request(Job&& job, Ticket ticket) { requests_.push(std::move(job), std::move(ticket)); }
  void push_deferred(Job&& job) {
    deferred_.emplace_back();  // before the job is moved: that needs memory
    deferred_.back() = {std::move(job), begun_ + requests_.size()};
  }
  void push_at(Clock::time_point when, Job&& job) { timers_.emplace(when, std::move(job)); }

  /// Whether next() has a job, timers aside.
  bool has_work() const { return !continuations_.empty() || !requests_.empty() || !deferred_.empty(); }
  std::size_t queued_requests() const { return requests_.size(); }
  /// An estimate of the samples that begin before a new request of `priority`, for admission: those queued at its
  /// priority or above, without aging and the shares of tenants. A rule that reorders requests must change this, too.
  double cost_ahead_of(int priority) const { return requests_.cost_ahead_of(priority); }
  /// When the first timer is due.
  std::optional<Clock::time_point> next_time() const {
    return timers_.empty() ? std::nullopt : std::optional(timers_.begin()->first);
  }
  /// When the first timer is due that is not due `now`.
  std::optional<Clock::time_point> next_time_after(Clock::time_point now) const {
    const auto at = timers_.upper_bound(now);
    return at == timers_.end() ? std::nullopt : std::optional(at->first);
  }
  bool is_timer_due(Clock::time_point now) const { return !timers_.empty() && timers_.begin()->first <= now; }

  std::optional<Next> next(Clock::time_point now) {
    if (auto job = next_continuation(now)) return Next{*std::move(job), std::nullopt};
    if (!deferred_.empty() && (requests_.empty() || begun_ >= deferred_.front().after))
      return Next{take_front(deferred_).job, std::nullopt};
    auto request = requests_.take(now);
    if (!request) return std::nullopt;
    count_begun();
    return Next{std::move(request->item), std::move(request->ticket)};
  }

  /// The next continuation, or else the first timer that is due; begins no request and no deferred work.
  std::optional<Job> next_continuation(Clock::time_point now) {
    if (!continuations_.empty()) return take_front(continuations_);
    return next_timer(now);
  }

  /// Removes and returns the first timer that is due.
  std::optional<Job> next_timer(Clock::time_point now) {
    if (!is_timer_due(now)) return std::nullopt;
    std::optional<Job> job(std::move(timers_.begin()->second));
    timers_.erase(timers_.begin());
    return job;
  }

  /// Call it for a request that begins without having been queued.
  void count_begun() { ++begun_; }

  /// For shutdown: removes any job, timers aside. One at a time, since a list of them would take memory.
  struct Drained {
    Job job;
    bool has_begun;  ///< false for a request that has not begun
  };
  std::optional<Drained> drain(Clock::time_point now) {
    if (!continuations_.empty()) return Drained{take_front(continuations_), true};
    if (auto request = requests_.take(now)) return Drained{std::move(request->item), false};
    if (!deferred_.empty()) return Drained{take_front(deferred_).job, true};
    return std::nullopt;
  }
  Timers drain_timers() { return std::exchange(timers_, {}); }

 private:
  struct Deferred {
    Job job;
    std::uint64_t after = 0;  // the value of begun_ from which it may run
  };

  template <class T>
  static T take_front(std::deque<T>& queue) {
    T front = std::move(queue.front());
    queue.pop_front();
    return front;
  }

  std::deque<Job> continuations_;
  FairQueue<Job> requests_;
  std::deque<Deferred> deferred_;
  Timers timers_;
  std::uint64_t begun_ = 0;  // requests
};

}  // namespace gantry::inline GANTRY_ABI::detail
