// SPDX-License-Identifier: Apache-2.0
// RuntimeOptions: what is allowed, and the numbers that 0 stands for.
#pragma once

#include <gantry/result.hpp>
#include <gantry/runtime.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// invalid_argument for what no machine could do.
Result<void> check_options(const RuntimeOptions& options);

/// Checked options with every 0 replaced by the number in force on `budget` CPUs. invalid_argument if they exceed it.
Result<RuntimeOptions> resolve_options(RuntimeOptions options, int budget);

}  // namespace gantry::inline GANTRY_ABI::detail
