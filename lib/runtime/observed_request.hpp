// SPDX-License-Identifier: Apache-2.0
// A request that an observer is told of. CallOptions::observed carries it to wherever something of it happens.
#pragma once

#include <chrono>
#include <cstddef>
#include <gantry/observer.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/call_options.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct Context;

/// Ownership: shares the observer and what it attached to the request.
/// Threads:   immutable.
/// Errors:    none: what an observer throws ends here.
/// Cost:      one allocation.
class ObservedRequest {
 public:
  using Clock = std::chrono::steady_clock;
  using Ptr = std::shared_ptr<const ObservedRequest>;

  ObservedRequest(std::shared_ptr<Observer> observer, const std::string& pipeline, const TimeSource& time)
      : observer_(std::move(observer)), pipeline_(pipeline), time_(time), began_(time.now()) {}

  /// nullptr if there is no observer, or it does not want to hear of this request. `outer`: of what it is part, if of
  /// anything. `options` and `pipeline` outlive it.
  static Ptr begin(const std::shared_ptr<Observer>& observer, const std::string& pipeline, const CallOptions& options,
                   std::size_t samples, const Context* outer) noexcept {
    return observer && !options.is_trial ? ask(observer, pipeline, options, samples, outer) : nullptr;
  }
  /// The request's own span, which ends now.
  void end(std::size_t samples, std::size_t failed, const Error* error) const noexcept;
  /// Any other; EndedSpan::requests is filled in.
  void tell(EndedSpan span) const noexcept;
  /// One that several share, to each observer among them.
  static void tell_all(Span<const Ptr> requests, EndedSpan span) noexcept;

 private:
  static Ptr ask(const std::shared_ptr<Observer>& observer, const std::string& pipeline, const CallOptions& options,
                 std::size_t samples, const Context* outer) noexcept;

  std::shared_ptr<Observer> observer_;
  const std::string& pipeline_;  // lives as long as calls of the pipeline do
  const TimeSource& time_;
  Clock::time_point began_;
  std::shared_ptr<void> tag_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
