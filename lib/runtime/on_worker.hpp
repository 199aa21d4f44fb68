// SPDX-License-Identifier: Apache-2.0
// Runs one function on a worker while the calling thread waits for it.
#pragma once

#include <functional>
#include <gantry/result.hpp>

#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Runs `work` and returns when it is done. It runs on this thread if this is a worker of `core` or in caller
/// execution; else on a worker, through `post` (for instance RuntimeCore::post()). Rethrows what `work` throws. Returns
/// an error if `work` was refused and did not run.
Result<void> do_on_worker(RuntimeCore& core, const std::function<void(Job)>& post, const std::function<void()>& work);

}  // namespace gantry::inline GANTRY_ABI::detail
