// SPDX-License-Identifier: Apache-2.0
// OpenCV's weights for 8-bit images (modules/imgproc/src/resize.cpp): 11 bits, never antialiased.
#pragma once

#include "ops/image/kernels/axis_weights.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// INTER_LINEAR: 11 bits, two pixels. At the edges of a horizontal axis the pixel there has all the weight; of a
/// vertical axis it is taken twice, with a weight each.
AxisWeights opencv_linear_weights(std::int64_t in, std::int64_t out, bool is_vertical, std::int64_t first,
                                  std::int64_t count);

/// INTER_CUBIC and INTER_LANCZOS4: 4 or 8 pixels with weights of 11 bits. On a horizontal axis, weights beyond an edge
/// are added to the pixel there; on a vertical one, windows reach beyond the edges.
AxisWeights opencv_wide_weights(std::int64_t in, std::int64_t out, bool is_lanczos, bool is_vertical,
                                std::int64_t first, std::int64_t count);
/// INTER_AREA if the image grows: two pixels, as in INTER_LINEAR, by another rule.
AxisWeights opencv_area_weights(std::int64_t in, std::int64_t out, bool is_vertical, std::int64_t first,
                                std::int64_t count);
/// The share of an output that each pixel covers, for INTER_AREA if no side grows (computeResizeAreaTab).
AxisWeights opencv_area_shares(std::int64_t in, std::int64_t out, std::int64_t first, std::int64_t count);
/// INTER_NEAREST: windows of one pixel. INTER_NEAREST_EXACT, since OpenCV 5, is pillow_nearest().
AxisWeights opencv_nearest(std::int64_t in, std::int64_t out, std::int64_t first, std::int64_t count);

}  // namespace gantry::inline GANTRY_ABI::detail
