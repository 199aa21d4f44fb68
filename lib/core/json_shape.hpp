// SPDX-License-Identifier: Apache-2.0
// Shapes in JSON: [1, 3, 224, 224].
#pragma once

#include <gantry/json.hpp>
#include <gantry/shape.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// invalid_argument if an item is not a valid extent, or the shape exceeds the limits of a tensor.
Result<Shape> read_shape(const JsonView& json);

}  // namespace gantry::inline GANTRY_ABI::detail
