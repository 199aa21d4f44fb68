// SPDX-License-Identifier: Apache-2.0
// One loop on an OpenMP team: what LibTorch's own loops on this thread run on.
#pragma once

#include <cstddef>
#include <functional>
#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Calls part(0) to part(count - 1), each once, on this thread and on `threads` - 1 others of its team; returns when
/// all have returned. What one throws is thrown here, after the others. Rounds to nearest on all of them. Within a
/// parallel region of somebody else's, and where gantry was built without OpenMP, this thread does everything.
///
/// No setting of OpenMP's is read or changed: the number of threads is the region's own. The team belongs to the
/// calling thread and sleeps between loops; on a worker it is the one that LibTorch's engine calls have, so a worker
/// with intra_op_threads = T never has more than T threads that run. Where a thread cannot be started libgomp ends the
/// process, as it does under LibTorch: hence teams only where the host asked for more than one thread.
void run_on_team(std::size_t threads, std::size_t count, const std::function<void(std::size_t)>& part);

}  // namespace gantry::inline GANTRY_ABI::detail
