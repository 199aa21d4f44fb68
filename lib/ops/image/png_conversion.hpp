// SPDX-License-Identifier: Apache-2.0
// From the samples stored in a PNG to 8-bit pixels, as Pillow does it (PngImagePlugin.py, Unpack.c, Convert.c).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <gantry/image.hpp>
#include <vector>

namespace gantry::detail {

/// How the samples of a PNG are to be read.
struct PngFormat {
  /// Palette entries that the file lacks are black, as in Pillow.
  PngFormat();

  int colour_type = 0;  ///< 0 gray, 2 RGB, 3 palette, 4 gray with alpha, 6 RGBA
  int bit_depth = 8;    ///< 1, 2, 4, 8, 16
  std::array<std::array<std::uint8_t, 4>, 256> palette;
  bool has_transparency = false;                  ///< a tRNS chunk
  std::array<std::uint16_t, 3> transparent = {};  ///< the transparent colour, for colour types 0 and 2
};

/// What ColourMode::kUnchanged makes of it.
Colour unchanged_colour(const PngFormat& format);

/// True if the stored bytes are the pixels.
bool is_stored_as(const PngFormat& format, Colour colour);

/// Rows of `row_bytes` packed, big-endian samples each, to the pixels of `image`.
void convert_png(const PngFormat& format, const std::uint8_t* raw, std::size_t row_bytes, Image& image);

}  // namespace gantry::detail
