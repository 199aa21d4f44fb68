// SPDX-License-Identifier: Apache-2.0
// Converts the samples of a PNG to 8-bit pixels, as Pillow does (PngImagePlugin.py, Unpack.c, Convert.c).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <gantry/image.hpp>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// The colour types of PNG.
inline constexpr int kPngGray = 0;
inline constexpr int kPngRgb = 2;
inline constexpr int kPngPalette = 3;
inline constexpr int kPngGrayAlpha = 4;
inline constexpr int kPngRgba = 6;

/// How the samples of a PNG are to be read.
struct PngFormat {
  /// Palette entries that the file lacks are black, as in Pillow.
  PngFormat();

  int colour_type = kPngGray;
  int bit_depth = 8;  ///< 1, 2, 4, 8, 16
  std::array<std::array<std::uint8_t, 4>, 256> palette;
  bool has_transparency = false;                  ///< the file has a tRNS chunk
  std::array<std::uint16_t, 3> transparent = {};  ///< the transparent colour, for colour types 0 and 2
};

/// The stored bits of all channels of a pixel.
std::size_t pixel_bits(const PngFormat& format);

/// The colour of the image for ColourMode::kUnchanged.
Colour unchanged_colour(const PngFormat& format);

/// True if the stored bytes are the pixels, without conversion.
bool is_stored_as(const PngFormat& format, Colour colour);

/// Converts rows of packed, big-endian samples to rows of 8-bit pixels.
///
/// Ownership: owns a row of scratch; borrows the format.
/// Threads:   one thread.
/// Errors:    none.
/// Cost:      one walk over the row, two where samples are not bytes.
class PngRows {
 public:
  PngRows(const PngFormat& format, Colour colour) : format_(format), colour_(colour) {}
  /// Converts pixels first..first+count of a row.
  void convert(const std::uint8_t* raw, std::size_t first, std::size_t count, std::uint8_t* out);

 private:
  const std::uint8_t* bytes_of(const std::uint8_t* raw, std::size_t first, std::size_t count);

  const PngFormat& format_;
  Colour colour_;
  std::vector<std::uint8_t> samples_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
