// SPDX-License-Identifier: Apache-2.0
// Means of areas of RGB images whose sums of rows fit 16 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// So many elements behind the output of area_add_rows() must be readable.
inline constexpr std::size_t kAreaPadding = 4;

/// out[i] = the sum of byte i of `rows` rows, at most 257, which lie `stride` bytes apart.
void area_add_rows(const std::uint8_t* first, std::ptrdiff_t stride, std::size_t rows, std::uint16_t* out,
                   std::size_t count);

/// out[4 * x + channel] = the sum of the pixels begins[x] up to ends[x], of at most 8,000,000 bytes altogether. `out`
/// has 4 * width floats; every fourth is unused.
void area_add_columns(const std::uint16_t* sums, const std::uint32_t* begins, const std::uint32_t* ends,
                      std::size_t width, float* out);

/// How one row of the result is made from its sums, each operation rounded to float32.
struct AreaRow {
  const float* columns;  ///< the number of pixels that each column covers
  float rows;            ///< the number of rows
  float mean[3];
  float std[3];
};
/// out[channel][x] = (sums[4 * x + channel] / rows / columns[x] - mean[channel]) / std[channel].
void area_normalize(const float* sums, const AreaRow& row, std::size_t width, float* const (&out)[3]);

}  // namespace gantry::inline GANTRY_ABI::detail
