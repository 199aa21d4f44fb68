// SPDX-License-Identifier: Apache-2.0
// A quad that is moved outwards, with round corners: what DB's "unclip" does to the shrunken box that a network finds.
#pragma once

#include <gantry/detect/quads.hpp>
#include <gantry/export.hpp>
#include <vector>

#include "ops/detect/quads/lattice.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// DB's distance: area * ratio / perimeter, in double.
GANTRY_API double unclip_distance(const Quad& quad, double ratio);

/// The convex hull of what Clipper 6.4.2's ClipperOffset (pyclipper) makes of a convex quad at a distance of at least
/// 1, with round joins and its default tolerance of arcs, exactly: corners are cut to whole pixels first, and points
/// rounded to them. It begins where min_area_rect() has to begin for OpenCV's answer to Clipper's polygon. Empty for a
/// quad that is none once it is cut.
GANTRY_API std::vector<LatticePoint> offset_hull(const Quad& quad, double distance);

}  // namespace gantry::inline GANTRY_ABI::detail
