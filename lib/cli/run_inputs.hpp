// SPDX-License-Identifier: Apache-2.0
// Runs the inputs of `gantry run` on all workers; writes one JSON line per input, in input order.
#pragma once

#include <cstddef>
#include <functional>
#include <gantry/any_pipeline.hpp>
#include <string>
#include <vector>

#include "cli/expand_inputs.hpp"
#include "cli/progress.hpp"

namespace gantry::inline GANTRY_ABI::cli {

/// Receives the result of an input.
using AnswerSink = std::function<void(const std::string& argument, const Result<Payload>& answer)>;

/// Writes {"input", "model", "version", "result", "ms"} or {"input", "error": {"code", "message"}} for each input to
/// stdout; returns true if none failed. "ms" is the time from the request to its answer, including the wait for a
/// worker. An input is loaded just before its request. At most `window` inputs, at least 1, are loaded and not yet
/// written. Ends early if stdout cannot be written to. Calls `seen`, if set, with each answer on the calling thread, in
/// input order.
bool run_inputs(const AnyPipeline& pipeline, const std::vector<ExpandedInput>& inputs, std::size_t window,
                Progress& progress, const AnswerSink& seen = {});

/// The line for an input that failed; the message includes the location.
std::string error_line(const std::string& input, const Error& error);

/// Writes a line to stdout at once.
void print_line(const std::string& json);

}  // namespace gantry::inline GANTRY_ABI::cli
