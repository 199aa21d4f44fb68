// SPDX-License-Identifier: Apache-2.0
// What someone may have meant who misspelt a name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gantry::cli {

/// Those of `names` that hold `word` or are within a few letters of it, with or without their domain; the nearest
/// first, five at most. Quadratic in the length of a name.
std::vector<std::string> near_names(std::string_view word, const std::vector<std::string>& names);

}  // namespace gantry::cli
