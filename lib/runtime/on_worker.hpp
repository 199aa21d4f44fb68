// SPDX-License-Identifier: Apache-2.0
// One piece of work as a worker does it, for a thread that waits for it.
#pragma once

#include <functional>
#include <gantry/result.hpp>

#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Does `work` and returns when it is done: on this thread if it is a worker of `core`, or in caller execution; else on
/// a worker, to which `post` gives the job, such as RuntimeCore::post(). What `work` throws is thrown here. The error
/// is why nobody did it.
Result<void> do_on_worker(RuntimeCore& core, const std::function<void(Job)>& post, const std::function<void()>& work);

}  // namespace gantry::inline GANTRY_ABI::detail
