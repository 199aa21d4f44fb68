// SPDX-License-Identifier: Apache-2.0
// The two passes as plain loops. They define the result, and run where there are no vectors.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/image/kernels/axis_weights.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// An AxisWeights as the kernels read it, so that they instantiate no library templates.
struct AxisView {
  const AxisWeights::Window* windows;
  std::size_t outputs;
  const std::int32_t* values;
  const std::int16_t* packed;
  std::size_t stride;
  int shift;
  bool fits_16_bits;
};

inline AxisView view_of(const AxisWeights& weights) {
  return {weights.windows.data(), weights.windows.size(), weights.values.data(), weights.packed.data(),
          weights.stride(),       weights.shift,          weights.fits_16_bits};
}

inline std::uint8_t scalar_round(std::uint32_t sum, int shift) {
  const std::int32_t value = static_cast<std::int32_t>(sum + (1u << shift >> 1)) >> shift;
  return static_cast<std::uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

/// The sum of one channel of one output; unsigned, so that it wraps. `pixel` is the first of the window.
inline std::uint32_t scalar_sum(const std::uint8_t* pixel, std::size_t channels, std::size_t output,
                                const AxisView& axis) {
  const std::int32_t* weight = axis.values + output * axis.stride;
  std::uint32_t sum = 0;
  for (std::int32_t tap = 0; tap < axis.windows[output].count; ++tap, pixel += channels)
    sum += static_cast<std::uint32_t>(weight[tap]) * *pixel;
  return sum;
}

/// Makes the outputs from `first` on of one row; see resample_rows().
inline void scalar_resample_row(const std::uint8_t* row, std::uint8_t* out, std::size_t channels,
                                std::int64_t first_column, const AxisView& axis, std::size_t first) {
  for (std::size_t x = first; x < axis.outputs; ++x) {
    const std::uint8_t* pixel = row + (axis.windows[x].begin - first_column) * static_cast<std::int64_t>(channels);
    for (std::size_t c = 0; c < channels; ++c)
      out[x * channels + c] = scalar_round(scalar_sum(pixel + c, channels, x, axis), axis.shift);
  }
}

/// Makes the bytes from `first` on of one row; see combine_rows().
inline void scalar_combine_rows(const std::uint8_t* const* rows, std::size_t output, std::uint8_t* out,
                                std::size_t first, std::size_t bytes, const AxisView& axis) {
  const std::int32_t* weight = axis.values + output * axis.stride;
  for (std::size_t i = first; i < bytes; ++i) {
    std::uint32_t sum = 0;
    for (std::int32_t tap = 0; tap < axis.windows[output].count; ++tap)
      sum += static_cast<std::uint32_t>(weight[tap]) * rows[tap][i];
    out[i] = scalar_round(sum, axis.shift);
  }
}

}  // namespace gantry::inline GANTRY_ABI::detail
