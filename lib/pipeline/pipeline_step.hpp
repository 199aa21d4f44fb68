// SPDX-License-Identifier: Apache-2.0
// A compiled pipeline as a stage of another.
#pragma once

#include <gantry/node.hpp>
#include <memory>

#include "pipeline/request.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// If the inner pipeline has the same runtime, it runs as part of the outer request. If it has another runtime, it is a
/// request of its own there, admitted and queued by that runtime. Meanwhile the outer request holds no worker, unless
/// the whole outer request runs on its caller's thread.
///
/// `core`: the core of the inner pipeline's runtime.
std::shared_ptr<const Kernel> make_pipeline_kernel(std::shared_ptr<const Compiled> compiled,
                                                   std::shared_ptr<RuntimeCore> core);

}  // namespace gantry::inline GANTRY_ABI::detail
