// SPDX-License-Identifier: Apache-2.0
// Copies a strided tensor into row-major memory.
#pragma once

#include <cstddef>
#include <gantry/shape.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Writes the elements of `source` (shape, strides in elements) to `target` in row-major order. At least one element.
void copy_strided(void* target, const void* source, const Shape& shape, const Shape& strides, std::size_t item_size);

}  // namespace gantry::inline GANTRY_ABI::detail
