// SPDX-License-Identifier: Apache-2.0
// Overload: how fast a queue drains, whether it stands, and what follows for a request with a deadline. Pure: the time
// is an argument.
//
// A queue that has not been empty for an interval stands: it adds delay and no throughput. Then, as CoDel does
// (RFC 8289; with Facebook's constants, "Fail at Scale", ACM Queue 2015), what has waited longer than a target goes.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "runtime/policy/fair_queue.hpp"

namespace gantry::inline GANTRY_ABI::detail {

class Overload {
 public:
  /// `target`: the longest useful wait in a queue that has stood for `interval`; zero: never shed.
  Overload(Clock::duration target, Clock::duration interval) : target_(target), interval_(interval) {}

  /// After each entry that was taken, with what is left.
  void on_take(Clock::time_point now, double cost, bool is_empty_now) {
    if (last_take_) learn(std::chrono::duration<double>(now - *last_take_).count() / std::max(cost, 1.0));
    last_take_ = is_empty_now ? std::nullopt : std::optional(now);
    if (is_empty_now) last_empty_ = now;
  }
  /// Before an entry goes into an empty queue.
  void on_first(Clock::time_point now) { last_empty_ = now; }

  /// How long `cost` samples take to leave the queue, at the rate measured while it was not empty; 0 if unknown.
  Clock::duration time_for(double cost) const {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds_per_sample_ * cost));
  }

  bool is_standing(Clock::time_point now) const { return last_empty_ && now - *last_empty_ > interval_; }

  /// True for an entry that has waited too long in a queue that stands. `service`: what one takes once it is served;
  /// a wait of twice that is never too long, since work of that size cannot queue for less. `given`: from its arrival
  /// to its deadline; a tenth of that is never too long, since who gives 30 s is better served late than refused.
  bool should_shed(Clock::time_point now, Clock::time_point queued, Clock::duration service,
                   Clock::duration given) const {
    return target_ > Clock::duration::zero() && is_standing(now) &&
           now - queued > std::max({target_, 2 * service, given / 10});
  }

 private:
  void learn(double seconds) {
    constexpr double kShare = 0.05;
    seconds_per_sample_ += (seconds_per_sample_ == 0 ? 1.0 : kShare) * (seconds - seconds_per_sample_);
  }

  const Clock::duration target_;
  const Clock::duration interval_;
  std::optional<Clock::time_point> last_take_;
  std::optional<Clock::time_point> last_empty_;
  double seconds_per_sample_ = 0;
};

}  // namespace gantry::inline GANTRY_ABI::detail
