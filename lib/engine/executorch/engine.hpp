// SPDX-License-Identifier: Apache-2.0
// Makes an Engine from a LoadRequest of a package or a host.
#pragma once

#include <gantry/engine_loader.hpp>
#include <memory>

namespace gantry::inline GANTRY_ABI::executorch {

/// Errors: those of executorch::load() in gantry/executorch.hpp.
Result<std::unique_ptr<Engine>> load_engine(const LoadRequest& request);

}  // namespace gantry::inline GANTRY_ABI::executorch
