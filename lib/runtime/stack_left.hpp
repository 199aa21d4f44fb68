// SPDX-License-Identifier: Apache-2.0
// Whether a thread that is not a worker has the stack for a request.
#pragma once

#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Whether 1 MiB or more is left, which an engine may need; workers have what the system gives a thread, usually 8 MB.
/// False, too, on a stack that is not the thread's own, such as a coroutine's.
bool has_stack_left();

}  // namespace gantry::inline GANTRY_ABI::detail
