// SPDX-License-Identifier: Apache-2.0
// Clipper offsets each vertex separately and unites the result with itself. That removes nothing from the hull of a
// convex polygon, so the points can be computed directly.
#include "ops/detect/quads/quad_offset.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr double kArcTolerance = 0.25;  // Clipper's, in pixels

struct Direction {
  double x;
  double y;
};

/// The outward unit normal of an edge of a clockwise polygon.
Direction normal_of(const LatticePoint& from, const LatticePoint& to) {
  const double dx = static_cast<double>(to.x - from.x), dy = static_cast<double>(to.y - from.y);
  const double scale = 1.0 / std::sqrt(dx * dx + dy * dy);
  return {dy * scale, -(dx * scale)};
}

std::int32_t rounded(double value) {  // halves away from 0
  return static_cast<std::int32_t>(value < 0 ? value - 0.5 : value + 0.5);
}

/// Corners cut to whole pixels, without repeats.
std::vector<LatticePoint> cut(const Quad& quad) {
  std::vector<LatticePoint> points;
  for (const Quad::Corner& corner : quad.corners) {
    const LatticePoint point = {static_cast<std::int32_t>(corner.x), static_cast<std::int32_t>(corner.y)};
    if (points.empty() || !(points.back() == point)) points.push_back(point);
  }
  while (points.size() > 1 && points.front() == points.back()) points.pop_back();
  return points;
}

double twice_area(const std::vector<LatticePoint>& points) {
  double sum = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const LatticePoint &a = points[i], &b = points[(i + 1) % points.size()];
    sum += static_cast<double>(a.x) * static_cast<double>(b.y) - static_cast<double>(b.x) * static_cast<double>(a.y);
  }
  return sum;
}

class Offset {
 public:
  explicit Offset(double distance) : distance_(distance) {
    const double steps = std::min(M_PI / std::acos(1 - kArcTolerance / distance), distance * M_PI);
    sine_ = std::sin(2 * M_PI / steps);
    cosine_ = std::cos(2 * M_PI / steps);
    steps_per_radian_ = steps / (2 * M_PI);
  }

  /// Adds the points of a vertex between edges with these normals. False if that is a single point, because the vertex
  /// is almost straight.
  bool add(const LatticePoint& vertex, const Direction& before, const Direction& after,
           std::vector<LatticePoint>& out) const {
    const double sine = before.x * after.y - after.x * before.y;
    const double cosine = before.x * after.x + before.y * after.y;
    out.push_back(moved(vertex, before));
    if (std::fabs(sine * distance_) < 1 && cosine > 0) return false;
    if (sine * distance_ >= 0) add_arc(vertex, before, std::atan2(std::clamp(sine, -1.0, 1.0), cosine), out);
    out.push_back(
        moved(vertex, after));  // also for a concave vertex, which cutting corners to whole pixels may have made
    return true;
  }

 private:
  /// Without the first point of the arc.
  void add_arc(const LatticePoint& vertex, Direction way, double angle, std::vector<LatticePoint>& out) const {
    const int steps = std::max(rounded(steps_per_radian_ * std::fabs(angle)), 1);
    for (int i = 1; i < steps; ++i) {
      way = {way.x * cosine_ - sine_ * way.y, way.x * sine_ + way.y * cosine_};
      out.push_back(moved(vertex, way));
    }
  }

  LatticePoint moved(const LatticePoint& vertex, const Direction& way) const {
    return {rounded(static_cast<double>(vertex.x) + way.x * distance_),
            rounded(static_cast<double>(vertex.y) + way.y * distance_)};
  }

  double distance_;
  double sine_;
  double cosine_;
  double steps_per_radian_;
};

}  // namespace

/// Uses shapely's order of operations: at 1.5 pixels the last bit decides where points are rounded to.
double unclip_distance(const Quad& quad, double ratio) {
  double area = 0, perimeter = 0;
  const double origin = static_cast<double>(quad.corners[0].x);
  for (std::size_t i = 0; i < 4; ++i) {
    const Quad::Corner &a = quad.corners[(i + 3) % 4], &b = quad.corners[i], &c = quad.corners[(i + 1) % 4];
    area += (static_cast<double>(b.x) - origin) * (static_cast<double>(c.y) - static_cast<double>(a.y));
    const double dx = static_cast<double>(c.x) - static_cast<double>(b.x);
    const double dy = static_cast<double>(c.y) - static_cast<double>(b.y);
    perimeter += std::sqrt(dx * dx + dy * dy);
  }
  return std::fabs(area / 2) * ratio / perimeter;
}

std::vector<LatticePoint> offset_hull(const Quad& quad, double distance) {
  std::vector<LatticePoint> polygon = cut(quad);
  if (polygon.size() < 3) return {};
  if (twice_area(polygon) < 0) std::reverse(polygon.begin(), polygon.end());
  const std::size_t count = polygon.size();
  const Offset offset(distance);
  std::vector<LatticePoint> points;
  std::vector<Direction> normals;
  for (std::size_t i = 0; i < count; ++i) normals.push_back(normal_of(polygon[i], polygon[(i + 1) % count]));
  std::size_t before = count - 1;
  for (std::size_t i = 0; i < count;
       ++i)  // after a vertex that is almost straight, Clipper continues with the edge before
    if (offset.add(polygon[i], normals[before], normals[i], points)) before = i;
  std::sort(points.begin(), points.end());
  std::vector<LatticePoint> hull = convex_hull(points);
  // Clipper's polygon ends at the rightmost of its topmost points.
  const bool has_top_edge = hull.size() > 2 && hull[0].y == hull[1].y;
  if (hull.size() > 2) std::rotate(hull.begin(), hull.begin() + (has_top_edge ? 2 : 1), hull.end());
  return hull;
}

}  // namespace gantry::inline GANTRY_ABI::detail
