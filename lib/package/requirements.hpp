// SPDX-License-Identifier: Apache-2.0
// What an engine entry of a package asks of the machine and of the libraries, and whether it is met.
#pragma once

#include <gantry/engine.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "package/manifest.hpp"

namespace gantry::detail {

/// The instruction set levels (x86-64 psABI) this CPU has, lowest first: {"x86-64", "x86-64-v2", ...} or {"aarch64"}.
GANTRY_API std::vector<std::string> available_isas();

/// Compares "2.15.0" with "2.15" (same major.minor) or ">=2.6".
bool meets_torch_requirement(std::string_view version, std::string_view requirement);

/// Why `entry` cannot be used here; nothing if it can. `loader` is nullptr if no engine of that kind is linked.
GANTRY_API std::optional<Error> unmet_requirement(const EngineEntry& entry, const EngineLoader* loader, Device device);

}  // namespace gantry::detail
