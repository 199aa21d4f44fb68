// SPDX-License-Identifier: Apache-2.0
// nearest_name: what somebody meant who wrote a name that does not exist.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gantry_server {

/// The one of `names` with the fewest edits to `name`; empty if none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& names);

}  // namespace gantry_server
