// SPDX-License-Identifier: Apache-2.0
// Runs a loop on the OpenMP team of this thread, the one that LibTorch's loops on it use.
#pragma once

#include <cstddef>
#include <functional>
#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Calls part(0) to part(count - 1), each once, on this thread and on `threads` - 1 others of its team; returns when
/// all have returned. Rethrows one exception of a part, after all others have ended. All threads round to nearest.
/// Inside another parallel region, and if gantry was built without OpenMP, this thread runs all parts.
///
/// No OpenMP setting is read or changed: num_threads of the region sets the number of threads. The team belongs to the
/// calling thread and sleeps between loops. On a worker, LibTorch's engine calls use the same team, so a worker with
/// intra_op_threads = T never has more than T running threads. If a thread cannot be started, libgomp ends the process,
/// also under LibTorch. Teams are therefore used only if the host asked for more than one thread.
void run_on_team(std::size_t threads, std::size_t count, const std::function<void(std::size_t)>& part);

}  // namespace gantry::inline GANTRY_ABI::detail
