// SPDX-License-Identifier: Apache-2.0
// EngineCall: what an engine or a backend sees of a call.
#pragma once

#include <optional>
#include <string>

#include <gantry/error.hpp>
#include <gantry/run_options.hpp>
#include <gantry/time_source.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// For a batch with samples of several callers: the latest of their deadlines, and nothing else of theirs.
struct EngineCall {
  /// The answer is useless after this time. An engine need not check it: the waiting side does.
  std::optional<Deadline> deadline;
  CancelToken cancel;
  /// RunOptions::trace_parent, to pass on to another process.
  std::string trace_parent;
  /// RunOptions::priority and RunOptions::tenant, to pass on to another process. Here they have done their work: the
  /// library orders calls before it passes them on.
  int priority = 0;
  std::string tenant;
  /// A check or a trial before the model serves. It must have no effect that later calls can see, such as an advanced
  /// random stream, and it does not count as traffic.
  bool is_trial = false;
  /// The clock that measures `deadline`; nullptr: the steady clock.
  const TimeSource* time_source = nullptr;

  const TimeSource& time() const noexcept { return time_source ? *time_source : TimeSource::steady(); }
  TimeSource::Time now() const noexcept { return time().now(); }
  bool is_past_deadline() const noexcept { return deadline && now() >= *deadline; }
  bool is_interrupted() const noexcept { return cancel.is_cancelled() || is_past_deadline(); }
  /// deadline_exceeded or cancelled if the call should stop; otherwise nothing.
  std::optional<Error> interruption() const {
    if (cancel.is_cancelled()) return Error(ErrorCode::kCancelled, "the request was cancelled");
    if (is_past_deadline()) return Error(ErrorCode::kDeadlineExceeded, "the deadline has passed");
    return std::nullopt;
  }
};

}  // namespace GANTRY_ABI
}  // namespace gantry
