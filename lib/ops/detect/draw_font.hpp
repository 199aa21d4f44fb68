// SPDX-License-Identifier: Apache-2.0
// gantry's own dot font for labels, for printable ASCII. A letter has 5x9 dots in a cell of 6x10: 7 rows above the
// baseline, 2 below it, a column and a row of space. Any other character is a frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/export.hpp>
#include <string>
#include <string_view>

#include "ops/detect/draw_canvas.hpp"

namespace gantry::inline GANTRY_ABI::detail {

inline constexpr std::int64_t kCellWidth = 6;
inline constexpr std::int64_t kCellHeight = 10;

/// Counts UTF-8 characters; an invalid byte counts as one.
GANTRY_API std::size_t count_characters(std::string_view text);
/// At most `most` characters; a longer text is cut and ends in "..".
GANTRY_API std::string shortened(std::string_view text, std::size_t most);
/// At most `most` characters; a longer text is ".." and its end, which tells file names apart.
GANTRY_API std::string shortened_front(std::string_view text, std::size_t most);

/// Draws a line of text; the first cell's corner is at (left, top), and each dot is scale x scale pixels.
GANTRY_API void draw_text(Canvas& canvas, std::string_view text, std::int64_t left, std::int64_t top,
                          std::int64_t scale, Rgb colour);

}  // namespace gantry::inline GANTRY_ABI::detail
