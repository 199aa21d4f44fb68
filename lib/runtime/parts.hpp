// SPDX-License-Identifier: Apache-2.0
// One piece of work in parts, on several threads within the CPU budget.
#pragma once

#include <cstddef>
#include <functional>

#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

class RuntimeCore;

/// How many threads one piece of work may use for a loop: as many as an engine call of the same worker may
/// (intra_op_threads). Where that is one, as many workers as image_threads allows, of which only those help that have
/// nothing else to do. Either way workers * intra_op_threads is not exceeded.
std::size_t loop_threads(const RuntimeCore& core);

/// Whether run_parts() uses the worker's OpenMP team. To start it costs less than to wake other workers, so it pays for
/// shorter loops.
bool loops_on_team(const RuntimeCore& core);

/// Calls part(0) to part(count - 1), each once, on this thread and on up to `threads` - 1 others; returns when all have
/// returned. What one throws is thrown here, after the others. With intra_op_threads above 1 the others are those of
/// the worker's OpenMP team, which its engine calls use, too (team.hpp). Else they are workers that have nothing else
/// to do; this thread never waits for one that has not begun: with all of them busy, it does everything.
void run_parts(RuntimeCore& core, std::size_t threads, std::size_t count, std::function<void(std::size_t)> part);

}  // namespace gantry::inline GANTRY_ABI::detail
