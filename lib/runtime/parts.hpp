// SPDX-License-Identifier: Apache-2.0
// Parallel loops within the CPU budget.
#pragma once

#include <cstddef>
#include <functional>

#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

class RuntimeCore;

/// The number of threads a loop may use: intra_op_threads, as for an engine call of the same worker. If that is 1:
/// image_threads, of which only idle workers take part. In both cases workers * intra_op_threads is not exceeded.
std::size_t loop_threads(const RuntimeCore& core);

/// Whether run_parts() uses the worker's OpenMP team. Starting a team costs less than waking other workers, so it pays
/// for shorter loops.
bool loops_on_team(const RuntimeCore& core);

/// Calls part(0) to part(count - 1), each once, on this thread and on up to `threads` - 1 others; returns when all have
/// returned. Rethrows one exception of a part, after all others have ended. With intra_op_threads above 1 the other
/// threads are those of the worker's OpenMP team, which its engine calls use, too (team.hpp). Else they are idle
/// workers. This thread never waits for a worker that has not begun: if all are busy, it runs all parts itself.
void run_parts(RuntimeCore& core, std::size_t threads, std::size_t count, std::function<void(std::size_t)> part);

}  // namespace gantry::inline GANTRY_ABI::detail
