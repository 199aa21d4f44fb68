// SPDX-License-Identifier: Apache-2.0
// A compiled pipeline as a stage of another.
#pragma once

#include <gantry/node.hpp>
#include <memory>

#include "pipeline/request.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// On the runtime of the outer pipeline it is part of the request that was admitted there. On another one it is a
/// request of that runtime, admitted and queued there; the outer request holds no worker meanwhile, unless all of it
/// runs on its caller's thread.
///
/// `core`: of the inner pipeline's runtime.
std::shared_ptr<const Kernel> make_pipeline_kernel(std::shared_ptr<const Compiled> compiled,
                                                   std::shared_ptr<RuntimeCore> core);

}  // namespace gantry::inline GANTRY_ABI::detail
