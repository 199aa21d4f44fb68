// SPDX-License-Identifier: Apache-2.0
// Moves a quad outwards, with round corners: what DB's "unclip" does to the shrunken box that a network finds.
#pragma once

#include <gantry/detect/quads.hpp>
#include <gantry/export.hpp>
#include <vector>

#include "ops/detect/quads/lattice.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// DB's distance: area * ratio / perimeter, in double.
GANTRY_API double unclip_distance(const Quad& quad, double ratio);

/// The exact convex hull of what Clipper 6.4.2's ClipperOffset (pyclipper) makes of a convex quad at a distance of at
/// least 1, with round joins and its default arc tolerance. Corners are first cut, and points rounded, to whole pixels.
/// It starts at the vertex where min_area_rect() must begin to match OpenCV's result for Clipper's polygon. Empty if
/// fewer than 3 corners remain after the cut.
GANTRY_API std::vector<LatticePoint> offset_hull(const Quad& quad, double distance);

}  // namespace gantry::inline GANTRY_ABI::detail
