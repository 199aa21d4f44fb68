// SPDX-License-Identifier: Apache-2.0
// A request that an observer is told of. RunOptions::observed carries it to wherever something of it happens.
#pragma once

#include <chrono>
#include <cstddef>
#include <gantry/observer.hpp>
#include <gantry/run_options.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::detail {

/// Ownership: shares the observer and what it attached to the request.
/// Threads:   immutable.
/// Errors:    none: what an observer throws ends here.
/// Cost:      one allocation.
class ObservedRequest {
 public:
  using Clock = std::chrono::steady_clock;
  using Ptr = std::shared_ptr<const ObservedRequest>;

  ObservedRequest(std::shared_ptr<Observer> observer, const std::string& pipeline, Clock::time_point began)
      : observer_(std::move(observer)), pipeline_(pipeline), began_(began) {}

  /// nullptr if there is no observer, or it does not want to hear of this request. `options` and `pipeline` outlive it.
  static Ptr begin(const std::shared_ptr<Observer>& observer, const std::string& pipeline, const RunOptions& options,
                   std::size_t samples) noexcept {
    return observer && !options.is_trial ? ask(observer, pipeline, options, samples) : nullptr;
  }
  /// The request's own span, which ends now.
  void end(std::size_t samples, std::size_t failed, const Error* error) const noexcept;
  /// Any other; EndedSpan::requests is filled in.
  void tell(EndedSpan span) const noexcept;
  /// One that several share, to each observer among them.
  static void tell_all(Span<const Ptr> requests, EndedSpan span) noexcept;

 private:
  static Ptr ask(const std::shared_ptr<Observer>& observer, const std::string& pipeline, const RunOptions& options,
                 std::size_t samples) noexcept;

  std::shared_ptr<Observer> observer_;
  const std::string& pipeline_;  // lives as long as calls of the pipeline do
  Clock::time_point began_;
  std::shared_ptr<void> tag_;
};

/// The options that a call which blocks goes on with, and the end of its span.
///
/// Cost: a branch without an observer; with one a copy of the options.
class ObservedCall {
 public:
  ObservedCall(const std::shared_ptr<Observer>& observer, const std::string& pipeline, const RunOptions& options,
               std::size_t samples) noexcept
      : options_(&options), samples_(samples) {
    if (observer && !options.is_trial) begin(observer, pipeline);
  }
  ObservedCall(const ObservedCall&) = delete;
  ObservedCall& operator=(const ObservedCall&) = delete;

  const RunOptions& options() const { return *options_; }
  void end(std::size_t failed, const Error* error) const noexcept {
    if (request_) request_->end(samples_, failed, error);
  }

 private:
  void begin(const std::shared_ptr<Observer>& observer, const std::string& pipeline) noexcept;

  const RunOptions* options_;
  std::size_t samples_;
  std::optional<RunOptions> own_;
  ObservedRequest::Ptr request_;
};

}  // namespace gantry::detail
