// SPDX-License-Identifier: Apache-2.0
// Walking a JSON list with the path of each item.
#pragma once

#include <gantry/result.hpp>
#include <string>

#include "core/json_object.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Calls `read(item, path)` for each item of a list; stops at the first error.
template <class Read>
Result<void> for_each_item(const Json& list, const std::string& path, Read read) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    GANTRY_RETURN_IF_ERROR(read(list[i], path + "[" + std::to_string(i) + "]"));
  }
  return {};
}

}  // namespace gantry::inline GANTRY_ABI::detail
