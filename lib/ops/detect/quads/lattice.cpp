// SPDX-License-Identifier: Apache-2.0
// Andrew's monotone chain: the right side of the hull downwards, the left side upwards.
#include "ops/detect/quads/lattice.hpp"

#include <cstddef>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Positive if the path a, b, c turns clockwise at b.
std::int64_t turn(const LatticePoint& a, const LatticePoint& b, const LatticePoint& c) {
  return (static_cast<std::int64_t>(b.x) - a.x) * (static_cast<std::int64_t>(c.y) - b.y) -
         (static_cast<std::int64_t>(b.y) - a.y) * (static_cast<std::int64_t>(c.x) - b.x);
}

/// Appends a point to the side that begins at `begin`.
void extend(std::vector<LatticePoint>& hull, std::size_t begin, const LatticePoint& point) {
  while (hull.size() >= begin + 2 && turn(hull[hull.size() - 2], hull.back(), point) <= 0) hull.pop_back();
  if (!(hull.back() == point)) hull.push_back(point);
}

}  // namespace

std::vector<LatticePoint> convex_hull(const std::vector<LatticePoint>& sorted) {
  std::vector<LatticePoint> hull;
  if (sorted.empty()) return hull;
  hull.push_back(sorted.front());
  for (const LatticePoint& point : sorted) extend(hull, 0, point);
  const std::size_t bottom = hull.size() - 1;
  for (auto point = sorted.rbegin(); point != sorted.rend(); ++point) extend(hull, bottom, *point);
  if (hull.size() > 1) hull.pop_back();  // the first point again
  return hull;
}

}  // namespace gantry::inline GANTRY_ABI::detail
