// SPDX-License-Identifier: Apache-2.0
// Validates RuntimeOptions and replaces their zeros by the values in use.
#pragma once

#include <gantry/result.hpp>
#include <gantry/runtime.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// invalid_argument for values that are invalid on every machine.
Result<void> check_options(const RuntimeOptions& options);

/// Checks the options, and replaces every 0 by the value in use on `budget` CPUs. invalid_argument if they exceed the
/// budget.
Result<RuntimeOptions> resolve_options(RuntimeOptions options, int budget);

}  // namespace gantry::inline GANTRY_ABI::detail
