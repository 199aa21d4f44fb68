// SPDX-License-Identifier: Apache-2.0
// OpenCV's bilinear resize of 8-bit images (modules/imgproc/src/resize.cpp, INTER_LINEAR): two pixels per axis, never
// antialiased, weights of 11 bits. Values between the passes have 4 bits less than the products, and so fit 16 bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/image/kernels/axis_weights.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// As resample_rows(), with 16-bit results: (pixel * weight + next pixel * weight) >> 4.
void linear_rows(const std::uint8_t* const* rows, std::uint16_t* const* out, std::size_t row_count,
                 std::size_t channels, std::int64_t first_column, std::int64_t columns, const AxisWeights& weights);

/// ((upper * weight >> 16) + (lower * weight >> 16) + 2) >> 2 of `count` results of linear_rows().
void linear_combine(const std::uint16_t* upper, const std::uint16_t* lower, std::int32_t upper_weight,
                    std::int32_t lower_weight, std::uint8_t* out, std::size_t count);

/// Halves both axes, for which OpenCV averages: (a + b + c + d + 2) >> 2, for `pixels` results.
void halve_rows(const std::uint8_t* upper, const std::uint8_t* lower, std::uint8_t* out, std::size_t pixels,
                std::size_t channels);

}  // namespace gantry::inline GANTRY_ABI::detail
