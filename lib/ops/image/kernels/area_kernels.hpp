// SPDX-License-Identifier: Apache-2.0
// Means of areas of RGB images whose rows add up to no more than 16 bits hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// What area_add_rows() gives has so many numbers behind it that may be read.
inline constexpr std::size_t kAreaPadding = 4;

/// out[i] = the sum of byte i of `rows` rows, which lie `stride` bytes apart; at most 257.
void area_add_rows(const std::uint8_t* first, std::ptrdiff_t stride, std::size_t rows, std::uint16_t* out,
                   std::size_t count);

/// out[4 * x + channel] = the sum of the pixels begins[x] up to ends[x], of at most 8,000,000 bytes altogether. `out`
/// has 4 * width floats; the fourth of each is of no account.
void area_add_columns(const std::uint16_t* sums, const std::uint32_t* begins, const std::uint32_t* ends,
                      std::size_t width, float* out);

/// How one row of the result is made of its sums, each operation rounded to float32.
struct AreaRow {
  const float* columns;  ///< how many pixels each column covers
  float rows;            ///< and how many rows
  float mean[3];
  float std[3];
};
/// out[channel][x] = (sums[4 * x + channel] / rows / columns[x] - mean[channel]) / std[channel].
void area_normalize(const float* sums, const AreaRow& row, std::size_t width, float* const (&out)[3]);

}  // namespace gantry::inline GANTRY_ABI::detail
