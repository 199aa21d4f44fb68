// SPDX-License-Identifier: Apache-2.0
// Which kind of CPU this is, for what was shown on one kind and may not hold on another.
#pragma once

#include <gantry/version.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// Its model and features, as one line. Equal on CPUs that compute alike; empty if they cannot be told.
std::string cpu_identity();

}  // namespace gantry::inline GANTRY_ABI::detail
