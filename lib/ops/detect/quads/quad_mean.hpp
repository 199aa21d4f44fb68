// SPDX-License-Identifier: Apache-2.0
// The mean of a map within a quad.
#pragma once

#include <cstdint>
#include <gantry/detect/quads.hpp>
#include <gantry/export.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// PaddleOCR's box_score_fast(): the mean, in double, of the values at the pixels that OpenCV's fillPoly() sets for the
/// quad with its corners cut to whole pixels. `map` is f32[height, width]. The quad is convex, its corners are finite
/// and below 2^20 in magnitude. NaN if none of its pixels is in the map. Cost: linear in its pixels in the map.
GANTRY_API double quad_mean(const float* map, std::int64_t width, std::int64_t height, const Quad& quad);

}  // namespace gantry::inline GANTRY_ABI::detail
