// SPDX-License-Identifier: Apache-2.0
// Rows of pixels on their way out: looked up in tables and laid apart, mirrored, freed from their alpha.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Pixels of 1, 3 or 4 interleaved channels into one plane a channel: planes[c][i] = tables[c][byte], of 256 entries.
void store_planes(const std::uint8_t* row, std::size_t pixels, std::size_t channels, const float* const* tables,
                  float* const* planes);
void store_planes(const std::uint8_t* row, std::size_t pixels, std::size_t channels, const std::uint16_t* const* tables,
                  std::uint16_t* const* planes);
void store_planes(const std::uint8_t* row, std::size_t pixels, std::size_t channels, const std::uint8_t* const* tables,
                  std::uint8_t* const* planes);

/// The same, interleaved: channel c of a pixel becomes its element targets[c].
void store_interleaved(const std::uint8_t* row, std::size_t pixels, std::size_t channels, const float* const* tables,
                       const std::size_t* targets, float* out);
void store_interleaved(const std::uint8_t* row, std::size_t pixels, std::size_t channels,
                       const std::uint16_t* const* tables, const std::size_t* targets, std::uint16_t* out);
void store_interleaved(const std::uint8_t* row, std::size_t pixels, std::size_t channels,
                       const std::uint8_t* const* tables, const std::size_t* targets, std::uint8_t* out);

/// The pixels from right to left; `row` and `out` do not overlap.
void mirror_row(const std::uint8_t* row, std::uint8_t* out, std::size_t pixels, std::size_t channels);

/// RGBA with colours multiplied by alpha / 255, rounded, as Pillow's RGBa mode; and back, in place, rounded down.
void premultiply_row(const std::uint8_t* row, std::uint8_t* out, std::size_t pixels);
void divide_by_alpha_row(std::uint8_t* row, std::size_t pixels);

}  // namespace gantry::inline GANTRY_ABI::detail
