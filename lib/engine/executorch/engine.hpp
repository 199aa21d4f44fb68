// SPDX-License-Identifier: Apache-2.0
// From what a package or a host gives to an Engine.
#pragma once

#include <gantry/engine_loader.hpp>
#include <memory>

namespace gantry::inline GANTRY_ABI::executorch {

/// Errors: as executorch::load() in gantry/executorch.hpp has them.
Result<std::unique_ptr<Engine>> load_engine(const LoadRequest& request);

}  // namespace gantry::inline GANTRY_ABI::executorch
