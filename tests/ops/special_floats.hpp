// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gantry/version.hpp>
#include <limits>

namespace gantry::inline GANTRY_ABI {

inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace gantry::inline GANTRY_ABI
