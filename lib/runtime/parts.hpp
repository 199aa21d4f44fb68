// SPDX-License-Identifier: Apache-2.0
// One piece of work in parts, which workers that are free take some of.
#pragma once

#include <cstddef>
#include <functional>

#include "runtime/runtime_core.hpp"

namespace gantry::detail {

/// Calls part(0) to part(count - 1), each once, on this thread and on up to `threads` - 1 workers that have nothing
/// else to do; returns when all have returned. What one throws is thrown here, after the others. Never waits for a
/// worker that has not begun: with all of them busy, this thread does everything.
void run_parts(RuntimeCore& core, std::size_t threads, std::size_t count, std::function<void(std::size_t)> part);

}  // namespace gantry::detail
