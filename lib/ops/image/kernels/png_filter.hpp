// SPDX-License-Identifier: Apache-2.0
// Undoes the filters of PNG (third edition, section 9): each byte is stored as its difference from a prediction made
// from the pixels to the left and above.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Bytes that must exist behind each of the three rows: pixels are read and written as if they had 8 bytes.
inline constexpr std::size_t kPngRowPadding = 8;
inline constexpr int kPngFilters = 5;

/// Makes `row` from `bytes` stored bytes. `filter` is 0..4; `above` is the row above, all 0 for the first one.
/// A pixel has 1..8 bytes.
void undo_png_filter(int filter, const std::uint8_t* stored, const std::uint8_t* above, std::uint8_t* row,
                     std::size_t bytes, std::size_t pixel_bytes);

}  // namespace gantry::inline GANTRY_ABI::detail
