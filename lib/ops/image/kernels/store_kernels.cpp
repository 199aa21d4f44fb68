// SPDX-License-Identifier: Apache-2.0
// Plain loops: table look-ups are bound by loads, and gathers are slower than loads.
#include "ops/image/kernels/store_kernels.hpp"

#include <algorithm>
#include <cstring>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Takes four pixels at a time, so that four numbers are stored at once.
template <std::size_t kChannels, class T>
void planes_of(const std::uint8_t* row, std::size_t pixels, const T* const* tables, T* const* planes) {
  constexpr std::size_t kBlock = 4;
  std::size_t i = 0;
  for (; i + kBlock <= pixels; i += kBlock, row += kBlock * kChannels) {
    for (std::size_t c = 0; c < kChannels; ++c) {
      const T* table = tables[c];
      const T numbers[kBlock] = {table[row[c]], table[row[c + kChannels]], table[row[c + 2 * kChannels]],
                                 table[row[c + 3 * kChannels]]};
      std::memcpy(planes[c] + i, numbers, sizeof(numbers));
    }
  }
  for (; i < pixels; ++i, row += kChannels)
    for (std::size_t c = 0; c < kChannels; ++c) planes[c][i] = tables[c][row[c]];
}

template <class T>
void to_planes(const std::uint8_t* row, std::size_t pixels, std::size_t channels, const T* const* tables,
               T* const* planes) {
  if (channels == 1) return planes_of<1>(row, pixels, tables, planes);
  if (channels == 3) return planes_of<3>(row, pixels, tables, planes);
  planes_of<4>(row, pixels, tables, planes);
}

template <class T>
void to_pixels(const std::uint8_t* row, std::size_t pixels, std::size_t channels, const T* const* tables,
               const std::size_t* targets, T* out) {
  for (std::size_t i = 0; i < pixels; ++i, row += channels, out += channels)
    for (std::size_t c = 0; c < channels; ++c) out[targets[c]] = tables[c][row[c]];
}

/// Pillow's MULDIV255: a * b / 255, rounded.
std::uint8_t scaled(std::uint32_t a, std::uint32_t b) {
  const std::uint32_t product = a * b + 128;
  return static_cast<std::uint8_t>(((product >> 8) + product) >> 8);
}

}  // namespace

void store_planes(const std::uint8_t* row, std::size_t pixels, std::size_t channels, const float* const* tables,
                  float* const* planes) {
  to_planes(row, pixels, channels, tables, planes);
}
void store_planes(const std::uint8_t* row, std::size_t pixels, std::size_t channels, const std::uint16_t* const* tables,
                  std::uint16_t* const* planes) {
  to_planes(row, pixels, channels, tables, planes);
}
void store_planes(const std::uint8_t* row, std::size_t pixels, std::size_t channels, const std::uint8_t* const* tables,
                  std::uint8_t* const* planes) {
  to_planes(row, pixels, channels, tables, planes);
}

void store_interleaved(const std::uint8_t* row, std::size_t pixels, std::size_t channels, const float* const* tables,
                       const std::size_t* targets, float* out) {
  to_pixels(row, pixels, channels, tables, targets, out);
}
void store_interleaved(const std::uint8_t* row, std::size_t pixels, std::size_t channels,
                       const std::uint16_t* const* tables, const std::size_t* targets, std::uint16_t* out) {
  to_pixels(row, pixels, channels, tables, targets, out);
}
void store_interleaved(const std::uint8_t* row, std::size_t pixels, std::size_t channels,
                       const std::uint8_t* const* tables, const std::size_t* targets, std::uint8_t* out) {
  to_pixels(row, pixels, channels, tables, targets, out);
}

void mirror_row(const std::uint8_t* row, std::uint8_t* out, std::size_t pixels, std::size_t channels) {
  out += pixels * channels;
  for (std::size_t i = 0; i < pixels; ++i, row += channels) {
    out -= channels;
    std::memcpy(out, row, channels);
  }
}

void premultiply_row(const std::uint8_t* row, std::uint8_t* out, std::size_t pixels) {
  for (std::size_t i = 0; i < pixels; ++i, row += 4, out += 4) {
    for (int c = 0; c < 3; ++c) out[c] = scaled(row[c], row[3]);
    out[3] = row[3];
  }
}

void divide_by_alpha_row(std::uint8_t* row, std::size_t pixels) {
  for (std::size_t i = 0; i < pixels; ++i, row += 4) {
    const int alpha = row[3];
    if (alpha == 0 || alpha == 255) continue;
    for (int c = 0; c < 3; ++c) row[c] = static_cast<std::uint8_t>(std::min(255 * row[c] / alpha, 255));
  }
}

}  // namespace gantry::inline GANTRY_ABI::detail
