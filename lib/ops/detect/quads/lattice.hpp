// SPDX-License-Identifier: Apache-2.0
// Points whose coordinates are whole pixels, and their convex hull.
#pragma once

#include <cstdint>
#include <gantry/export.hpp>
#include <gantry/version.hpp>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

struct LatticePoint {
  std::int32_t x = 0;
  std::int32_t y = 0;

  friend bool operator==(const LatticePoint& a, const LatticePoint& b) { return a.x == b.x && a.y == b.y; }
  /// Row-major.
  friend bool operator<(const LatticePoint& a, const LatticePoint& b) { return a.y < b.y || (a.y == b.y && a.x < b.x); }
};

/// Vertices clockwise on screen (y points down), from the leftmost of the topmost points on. No vertex lies between two
/// others on a line. `sorted` must be in order; points may repeat. Linear.
GANTRY_API std::vector<LatticePoint> convex_hull(const std::vector<LatticePoint>& sorted);

}  // namespace gantry::inline GANTRY_ABI::detail
