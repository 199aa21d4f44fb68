// SPDX-License-Identifier: Apache-2.0
// Whether a host thread has enough stack for a request.
#pragma once

#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Whether at least 1 MiB is left, which an engine may need; workers have the system's default, usually 8 MB. Also
/// false on a stack that is not the thread's own, such as a coroutine's.
bool has_stack_left();

}  // namespace gantry::inline GANTRY_ABI::detail
