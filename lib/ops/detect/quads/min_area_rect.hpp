// SPDX-License-Identifier: Apache-2.0
// The smallest rectangle, at any angle, around points.
#pragma once

#include <gantry/detect/quads.hpp>
#include <gantry/export.hpp>
#include <vector>

#include "ops/detect/quads/lattice.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct MinAreaRect {
  Quad quad;             ///< corners in reading order, as PaddleOCR's get_mini_boxes() orders them
  float short_side = 0;  ///< 0 for points on a line
};

/// OpenCV 5's minAreaRect() and boxPoints(), bit for bit: rotating calipers in float32. As there, rounding and the
/// hull's first vertex decide between rectangles of equal area. `hull` is from convex_hull(), starting at any vertex;
/// coordinates are below 2^20 in magnitude. Linear in it.
GANTRY_API MinAreaRect min_area_rect(const std::vector<LatticePoint>& hull);

}  // namespace gantry::inline GANTRY_ABI::detail
