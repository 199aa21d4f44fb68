// SPDX-License-Identifier: Apache-2.0
#include "runtime/policy/admission_policy.hpp"

#include <algorithm>
#include <chrono>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

std::string milliseconds(Clock::duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) + " ms";
}

}  // namespace

std::optional<Error> AdmissionPolicy::refuse(const std::optional<Clock::time_point>& deadline, Clock::duration expected,
                                             Clock::time_point now, const Load& load) const {
  if (load.in_flight >= max_in_flight_)
    return Error(ErrorCode::kResourceExhausted,
                 std::to_string(load.in_flight) +
                     " requests are in flight, the limit is max_in_flight = " + std::to_string(max_in_flight_))
        .with_reason(ErrorReason::kQueueFull, overload_.time_for(1));
  if (!deadline || load.in_flight == 0) return std::nullopt;
  const auto left = *deadline - now;
  if (expected > left)
    return Error(ErrorCode::kDeadlineExceeded, "the request would take " + milliseconds(expected) +
                                                   ", but its deadline is in " +
                                                   milliseconds(std::max(left, Clock::duration::zero())))
        .with_reason(ErrorReason::kDeadlineUnreachable);
  // Those that wait elsewhere, for a model, are ahead as well; those that run are not.
  const auto slots = static_cast<std::size_t>(load.slots);
  const std::size_t begun = load.in_flight - std::min(load.in_flight, load.queued);
  const double ahead = load.cost_ahead + static_cast<double>(begun - std::min(begun, slots));
  const auto needed = overload_.time_for(ahead) + expected;
  if (needed <= left) return std::nullopt;
  return Error(ErrorCode::kResourceExhausted, "the request would be done in " + milliseconds(needed) +
                                                  " after the queued requests, but its deadline is in " +
                                                  milliseconds(left))
      .with_reason(ErrorReason::kDeadlineUnreachable, needed - left);
}

std::optional<Error> AdmissionPolicy::shed(const Ticket& request, bool is_last, double cost_behind,
                                           Clock::time_point now) const {
  if (!request.deadline || is_last ||
      !overload_.should_shed(now, request.queued, request.expected, *request.deadline - request.queued))
    return std::nullopt;
  return Error(ErrorCode::kResourceExhausted, "shed after " + milliseconds(now - request.queued) +
                                                  " in a queue that stands; more comes in than can be computed")
      .with_reason(ErrorReason::kShed, overload_.time_for(cost_behind));
}

}  // namespace gantry::inline GANTRY_ABI::detail
