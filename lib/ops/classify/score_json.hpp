// SPDX-License-Identifier: Apache-2.0
// The score of a class in JSON.
#pragma once

#include <cmath>
#include <gantry/json.hpp>

#include "core/nearest_float.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Reads null as NaN, which JSON lacks.
inline float read_score(JsonFields& fields) {
  if (const auto score = fields.find("score"); score && score->kind() == JsonKind::kNull) return std::nanf("");
  return nearest_float(fields.number("score"));
}

}  // namespace gantry::inline GANTRY_ABI::detail
