// SPDX-License-Identifier: Apache-2.0
// EngineCall: what an engine or a backend sees of a call. Priority and tenant are not in it: who goes first is decided
// before an engine is asked.
#pragma once

#include <optional>
#include <string>

#include <gantry/error.hpp>
#include <gantry/run_options.hpp>
#include <gantry/time_source.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Of a batch of several callers' samples: the farthest of their deadlines, no cancellation and no trace.
struct EngineCall {
  /// The answer is of no use after it. An engine need not look: who waits for the answer does.
  std::optional<Deadline> deadline;
  CancelToken cancel;
  /// RunOptions::trace_parent, to be passed on to another process.
  std::string trace_parent;
  /// A check or a trial before the model serves: it must leave nothing that later calls could see, such as a random
  /// stream that has moved on, and is not counted as traffic.
  bool is_trial = false;
  /// The clock that `deadline` is measured by; nullptr: the steady clock.
  const TimeSource* time_source = nullptr;

  const TimeSource& time() const noexcept { return time_source ? *time_source : TimeSource::steady(); }
  TimeSource::Time now() const noexcept { return time().now(); }
  bool is_past_deadline() const noexcept { return deadline && now() >= *deadline; }
  bool is_interrupted() const noexcept { return cancel.is_cancelled() || is_past_deadline(); }
  /// deadline_exceeded or cancelled if the call should not go on; otherwise nothing.
  std::optional<Error> interruption() const {
    if (cancel.is_cancelled()) return Error(ErrorCode::kCancelled, "the request was cancelled");
    if (is_past_deadline()) return Error(ErrorCode::kDeadlineExceeded, "the deadline has passed");
    return std::nullopt;
  }
};

}  // namespace GANTRY_ABI
}  // namespace gantry
