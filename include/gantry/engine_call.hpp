// SPDX-License-Identifier: Apache-2.0
// EngineCall: what an engine or a backend sees of a call. Priority and tenant are not in it: who goes first is decided
// before an engine is asked.
#pragma once

#include <optional>
#include <string>

#include <gantry/error.hpp>
#include <gantry/run_options.hpp>

namespace gantry {

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

  /// deadline_exceeded or cancelled if the call should not go on; otherwise nothing.
  std::optional<Error> interruption() const {
    if (cancel.is_cancelled()) return Error(ErrorCode::kCancelled, "the request was cancelled");
    if (deadline && std::chrono::steady_clock::now() >= *deadline)
      return Error(ErrorCode::kDeadlineExceeded, "the deadline has passed");
    return std::nullopt;
  }
};

}  // namespace gantry
