// SPDX-License-Identifier: Apache-2.0
// AdmissionPolicy: whether a request is admitted, and whether one that has waited is still worth computing. Pure: the
// time and the load are arguments.
//
// A new rule is written in admission_policy.cpp and listed at refuse() or shed(); its test is
// tests/runtime/policy/admission_policy_test.cpp. What it needs to know of the load becomes a member of Load, which
// WorkQueue::admit() fills in. refuse() knows neither priority nor tenant: WorkQueue::admit() has them, in CallOptions,
// and a rule about them needs them as an argument. How fast the queue drains is measured by Overload.
#pragma once

#include <cstddef>
#include <gantry/result.hpp>
#include <optional>

#include "runtime/policy/fair_queue.hpp"
#include "runtime/policy/overload.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Threads:   none of its own; callers lock.
/// Errors:    std::bad_alloc where there is no memory for a message.
class AdmissionPolicy {
 public:
  /// What the runtime is busy with.
  struct Load {
    std::size_t in_flight = 0;  ///< requests of all tenants that were admitted and have no answer
    std::size_t queued = 0;     ///< of these, requests that have not begun
    double cost_ahead = 0;      ///< samples of queued requests that begin before this one (JobOrder::cost_ahead_of())
    int slots = 1;  ///< WorkSlots::limit(): of the requests that have begun, so many run; the others wait for a model
  };

  AdmissionPolicy(std::size_t max_in_flight, Clock::duration shed_target, Clock::duration shed_interval)
      : max_in_flight_(max_in_flight), overload_(shed_target, shed_interval) {}

  /// Why a request is not admitted. The first rule that applies decides:
  /// 1. `in_flight` has reached max_in_flight: resource_exhausted, queue_full, to retry after the time
  ///    that one sample takes to leave the queue (Overload::time_for(1)).
  /// 2. It has no deadline, or nothing is in flight: admitted. An idle runtime tries any deadline, so that a wrong
  ///    `expected` is measured again.
  /// 3. `expected` is longer than what is left: deadline_exceeded, deadline_unreachable.
  /// 4. The samples ahead take longer than what is left minus `expected`: resource_exhausted, deadline_unreachable, to
  ///    retry after the difference. Of requests that have begun, each beyond `slots` counts as one sample ahead.
  /// `expected`: from the request's start to its answer; zero if unknown. `now` is set only if `deadline` is.
  std::optional<Error> refuse(const std::optional<Clock::time_point>& deadline, Clock::duration expected,
                              Clock::time_point now, const Load& load) const;

  /// Why a request that is about to begin is not computed: it has a deadline, and has waited too long in a standing
  /// queue. `is_last`: none is queued behind it; the last is never shed, since there is nothing to compute instead.
  /// `cost_behind`: samples of the requests that are still queued. Call on_begin() for this request first.
  std::optional<Error> shed(const Ticket& request, bool is_last, double cost_behind, Clock::time_point now) const;

  /// When a request enters an empty queue.
  void on_first(Clock::time_point now) { overload_.on_first(now); }
  /// For each request that is taken out of the queue to begin.
  void on_begin(Clock::time_point now, const Ticket& request, bool is_last) {
    overload_.on_take(now, request.cost, is_last);
  }

 private:
  const std::size_t max_in_flight_;
  Overload overload_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
