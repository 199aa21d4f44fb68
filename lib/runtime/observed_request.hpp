// SPDX-License-Identifier: Apache-2.0
// A request that an observer follows. CallOptions::observed carries it to every place where a span of it ends.
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

/// Ownership: shares the observer and the tag that it attached to the request.
/// Threads:   immutable.
/// Errors:    none: exceptions of observers are caught.
/// Cost:      one allocation.
class ObservedRequest {
 public:
  using Clock = std::chrono::steady_clock;
  using Ptr = std::shared_ptr<const ObservedRequest>;

  ObservedRequest(std::shared_ptr<Observer> observer, const std::string& pipeline, const TimeSource& time,
                  Clock::time_point began)
      : observer_(std::move(observer)), pipeline_(pipeline), time_(time), began_(began) {}

  /// nullptr if there is no observer, or the observer skips this request. `outer`: the context of the request that this
  /// one is part of, or nullptr. options.began is set. `options` and `pipeline` must outlive the result.
  static Ptr begin(const std::shared_ptr<Observer>& observer, const std::string& pipeline, const CallOptions& options,
                   std::size_t samples, const Context* outer) noexcept {
    return observer && !options.is_trial ? ask(observer, pipeline, options, samples, outer) : nullptr;
  }
  /// Reports the span of the whole request, which ends now.
  void end(std::size_t samples, std::size_t failed, const Error* error) const noexcept;
  /// Reports another span; fills in EndedSpan::requests.
  void tell(EndedSpan span) const noexcept;
  /// Reports a span that several requests share, such as a batch, once to each of their observers.
  static void tell_all(Span<const Ptr> requests, EndedSpan span) noexcept;

 private:
  static Ptr ask(const std::shared_ptr<Observer>& observer, const std::string& pipeline, const CallOptions& options,
                 std::size_t samples, const Context* outer) noexcept;

  std::shared_ptr<Observer> observer_;
  const std::string& pipeline_;  // outlives all calls of the pipeline
  const TimeSource& time_;
  Clock::time_point began_;
  std::shared_ptr<void> tag_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
