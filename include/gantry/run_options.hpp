// SPDX-License-Identifier: Apache-2.0
// RunOptions: a caller's settings for one request: deadline, cancellation, priority, tenant, trace.
// Stages see them through a CallContext (call_context.hpp), engines through an EngineCall (engine_call.hpp).
//
//   auto result = pipeline.run(jpeg, {gantry::within(std::chrono::milliseconds(50))});
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <gantry/time_source.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// An absolute point in time on the steady clock; set once per request and never extended.
using Deadline = std::chrono::steady_clock::time_point;

/// The deadline `duration` from now, by the clock `time`; the default is the steady clock. Deadline::max() for
/// durations beyond it, such as hours::max().
template <class Rep, class Period>
Deadline within(std::chrono::duration<Rep, Period> duration, const TimeSource& time = TimeSource::steady()) {
  const auto now = time.now();
  const std::chrono::duration<double> wanted = duration;
  const std::chrono::duration<double> farthest = Deadline::max() - now;
  if (wanted >= farthest) return Deadline::max();
  if (wanted <= -farthest) return now;  // long ago
  return now + std::chrono::duration_cast<std::chrono::steady_clock::duration>(duration);
}

/// Cancels the requests it was passed to. Copies refer to the same token.
///
/// Ownership: shares its flag.
/// Threads:   thread-safe.
/// Errors:    none; cancelling a finished request does nothing.
/// Cost:      one allocation when made by create(); none for the empty token.
class CancelToken {
 public:
  /// A token that can never be cancelled; the default in RunOptions.
  CancelToken() = default;
  static CancelToken create() {
    CancelToken token;
    token.flag_ = std::make_shared<std::atomic<bool>>(false);
    return token;
  }
  void cancel() {
    if (flag_) flag_->store(true, std::memory_order_relaxed);
  }
  bool is_cancelled() const { return flag_ && flag_->load(std::memory_order_relaxed); }

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

/// Options of one request.
struct RunOptions {
  /// No result after this time. Checked at admission, before every stage and at the end. A blocking call returns at the
  /// deadline, but running work continues to its end; so the library copies tensors, images and bytes without an owner,
  /// and payload types of the host must own their memory. If recent durations of such requests and the waiting requests
  /// show that a request cannot meet its deadline, the library refuses it at once. Default: none.
  std::optional<Deadline> deadline;
  /// Checked at admission and before every stage.
  CancelToken cancel;
  /// Higher runs first; values beyond -100..100 count as the nearest bound. Waiting for RuntimeOptions::priority_aging
  /// counts as one step.
  int priority = 0;
  /// The request's tenant. Tenants with waiting requests get shares in proportion to RuntimeOptions::tenant_weights.
  std::string tenant;
  /// W3C traceparent of the caller's span, for RuntimeOptions::observer; empty or invalid: no parent. Engines and
  /// backends get it unchanged.
  std::string trace_parent;

  RunOptions() = default;
  RunOptions(Deadline when) : deadline(when) {}  // NOLINT(google-explicit-constructor)
};

}  // namespace GANTRY_ABI
}  // namespace gantry
