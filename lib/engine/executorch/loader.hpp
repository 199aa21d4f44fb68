// SPDX-License-Identifier: Apache-2.0
// The engine loader of the plug-in.
#pragma once

#include <gantry/engine_loader.hpp>
#include <memory>

namespace gantry::inline GANTRY_ABI::executorch {

std::shared_ptr<const EngineLoader> make_loader();

}  // namespace gantry::inline GANTRY_ABI::executorch
