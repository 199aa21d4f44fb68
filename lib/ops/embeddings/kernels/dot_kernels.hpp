// SPDX-License-Identifier: Apache-2.0
// Compares one vector with many rows, at the speed of memory.
#pragma once

#include <cstddef>
#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Rows are padded with zeros to a multiple of this many floats, and begin at multiples of 64 bytes.
inline constexpr std::size_t kRowFloats = 16;

/// out[i] = the dot product of row i with `query`, in float32. `stride`: floats of a row, a multiple of kRowFloats.
void dot_rows(const float* rows, std::size_t count, std::size_t stride, const float* query, float* out);
/// out[i] = the squared distance of row i from `query`.
void distance_rows(const float* rows, std::size_t count, std::size_t stride, const float* query, float* out);

}  // namespace gantry::inline GANTRY_ABI::detail
