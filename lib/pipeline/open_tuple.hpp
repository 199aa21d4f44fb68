// SPDX-License-Identifier: Apache-2.0
// An open tuple: one whose elements' types nobody stated.
#pragma once

#include <gantry/type_info.hpp>
#include <gantry/value.hpp>

namespace gantry::inline GANTRY_ABI::detail {

inline bool is_open_tuple(const TypeInfo& type) {
  return same_type(type, type_of<ValueTuple>());
}

}  // namespace gantry::inline GANTRY_ABI::detail
