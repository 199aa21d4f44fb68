// SPDX-License-Identifier: Apache-2.0
// AdmissionPolicy: whether a request is taken in, and whether one that has waited is still worth computing. Pure: the
// time and the load are arguments.
#pragma once

#include <cstddef>
#include <gantry/result.hpp>
#include <optional>

#include "runtime/policy/overload.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Threads:   none of its own; callers lock.
/// Errors:    std::bad_alloc where there is no memory for a message.
class AdmissionPolicy {
 public:
  /// What the runtime is busy with.
  struct Load {
    std::size_t in_flight;  ///< requests that were admitted and have no answer
    std::size_t queued;     ///< of these, requests that have not begun
    double cost_ahead;      ///< samples of queued requests that begin before the one in question
    int slots;              ///< WorkSlots::limit()
  };

  AdmissionPolicy(std::size_t max_in_flight, Clock::duration shed_target, Clock::duration shed_interval)
      : max_in_flight_(max_in_flight), overload_(shed_target, shed_interval) {}

  /// Why a request is not admitted. resource_exhausted: queue_full, or it would end after its deadline behind those
  /// that wait; deadline_exceeded: it takes longer than it has. An idle runtime tries any, so that a wrong `expected`
  /// is learned anew. `expected`: from its start to its answer; zero if unknown.
  std::optional<Error> refuse(const std::optional<Clock::time_point>& deadline, Clock::duration expected,
                              Clock::time_point now, const Load& load) const;

  /// Why a request that is about to begin is not computed: it has a deadline, and has waited too long in a queue that
  /// stands. `is_last`: none is queued behind it; it is never shed, since there would be nothing to compute instead.
  /// `cost_behind`: samples of those that are still queued.
  std::optional<Error> shed(const Ticket& request, bool is_last, double cost_behind, Clock::time_point now) const;

  /// Before a request goes into an empty queue.
  void on_first(Clock::time_point now) { overload_.on_first(now); }
  /// After a request was taken out of the queue to begin.
  void on_begin(Clock::time_point now, const Ticket& request, bool is_last) {
    overload_.on_take(now, request.cost, is_last);
  }

 private:
  const std::size_t max_in_flight_;
  Overload overload_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
