// SPDX-License-Identifier: Apache-2.0
// Kernels for rows of output: table look-up into planes or pixels, mirroring, and premultiplied alpha.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Stores 1, 3 or 4 interleaved channels as one plane each: planes[c][i] = tables[c][byte]. A table has 256 entries.
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

/// Copies the pixels from right to left; `row` and `out` must not overlap.
void mirror_row(const std::uint8_t* row, std::uint8_t* out, std::size_t pixels, std::size_t channels);

/// Multiplies the colours of RGBA by alpha / 255, rounded, as Pillow's RGBa; and divides in place, rounded down.
void premultiply_row(const std::uint8_t* row, std::uint8_t* out, std::size_t pixels);
void divide_by_alpha_row(std::uint8_t* row, std::size_t pixels);

}  // namespace gantry::inline GANTRY_ABI::detail
