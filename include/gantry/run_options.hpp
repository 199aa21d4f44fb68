// SPDX-License-Identifier: Apache-2.0
// RunOptions: what a caller sets for one request: deadline, cancellation, priority, tenant, trace.
// Stages see a CallContext of it (call_context.hpp), engines an EngineCall (engine_call.hpp).
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

/// The deadline `duration` from now by the clock that is given, the steady one by default; the farthest there is for
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

/// Cancels the requests it was handed to. Copies refer to the same token.
///
/// Ownership: shares its flag.
/// Threads:   thread-safe.
/// Errors:    none; cancelling a finished request does nothing.
/// Cost:      one allocation when made by create(); none for the empty token.
class CancelToken {
 public:
  /// A token that can never be cancelled; what RunOptions has by default.
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
  /// No result after this moment: checked at admission, before every stage and at the end; a blocking call returns when
  /// it comes, though what is computing then is computed to its end: tensors, images and bytes that nobody owns are
  /// copied for that, and a payload type of the host's must own what it looks at. Where it cannot be met, going by what
  /// such requests took lately and by those that wait, the request is refused at once. Default: none.
  std::optional<Deadline> deadline;
  /// Checked at admission and before every stage.
  CancelToken cancel;
  /// Higher goes first, -100..100; others count as the nearest of these. RuntimeOptions::priority_aging of waiting
  /// makes up for one step.
  int priority = 0;
  /// Whose request it is: tenants with requests waiting get shares in proportion to RuntimeOptions::tenant_weights.
  std::string tenant;
  /// W3C traceparent of the caller's span, for RuntimeOptions::observer; empty, or not valid: none. Engines and
  /// backends get it as it is.
  std::string trace_parent;

  RunOptions() = default;
  RunOptions(Deadline when) : deadline(when) {}  // NOLINT(google-explicit-constructor)
};

}  // namespace GANTRY_ABI
}  // namespace gantry
