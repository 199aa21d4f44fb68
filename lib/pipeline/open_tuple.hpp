// SPDX-License-Identifier: Apache-2.0
// An open tuple: a tuple whose element types are not stated.
#pragma once

#include <gantry/type_info.hpp>
#include <gantry/value.hpp>

namespace gantry::inline GANTRY_ABI::detail {

inline bool is_open_tuple(const TypeInfo& type) {
  return same_type(type, type_of<ValueTuple>());
}

}  // namespace gantry::inline GANTRY_ABI::detail
