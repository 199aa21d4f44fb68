// SPDX-License-Identifier: Apache-2.0
// Whether an engine entry of a package can be used here, before any of its files is read.
#pragma once

#include <gantry/engine_loader.hpp>
#include <optional>
#include <string>

#include "package/engine_entry.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The loader of engines of this kind; nullptr if none is in the list.
GANTRY_API const EngineLoader* find_loader(const EngineList& engines, const std::string& kind);

/// Why `entry` cannot be used here; nullopt if it can. `loader` is nullptr if no engine of that kind is linked. The
/// loader checks what the entry `requires`.
GANTRY_API std::optional<Error> unmet_requirement(const EngineEntry& entry, const EngineLoader* loader, Device device);

}  // namespace gantry::inline GANTRY_ABI::detail
