// SPDX-License-Identifier: Apache-2.0
// Rotating calipers (Toussaint, 1983): four perpendicular lines touch the hull and turn together, each time onto the
// hull's next edge. A side of the smallest rectangle lies on such an edge. The order of operations, and which are in
// float32, is OpenCV's.
#include "ops/detect/quads/min_area_rect.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

struct Vector {
  float x;
  float y;
};

/// A rectangle by its centre, its sides and the angle of its first side.
struct TurnedRect {
  Vector centre = {0, 0};
  float width = 0;
  float height = 0;
  double degrees = 0;
};

class Calipers {
 public:
  explicit Calipers(const std::vector<LatticePoint>& hull) {
    points_.reserve(hull.size());
    for (const LatticePoint& point : hull)
      points_.push_back({static_cast<float>(point.x), static_cast<float>(point.y)});
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const Vector& from = points_[i];
      const Vector& to = points_[next(i)];
      edges_.push_back({to.x - from.x, to.y - from.y});
      const double x = static_cast<double>(edges_[i].x), y = static_cast<double>(edges_[i].y);
      inverse_lengths_.push_back(static_cast<float>(1 / std::sqrt(x * x + y * y)));
      if (from.x < points_[touched_[kLeft]].x) touched_[kLeft] = i;
      if (from.x > points_[touched_[kRight]].x) touched_[kRight] = i;
      if (from.y < points_[touched_[kTop]].y) touched_[kTop] = i;
      if (from.y > points_[touched_[kBottom]].y) touched_[kBottom] = i;
    }
  }

  TurnedRect smallest() {
    for (std::size_t i = 0; i < points_.size(); ++i) {
      turn_to_next_edge();
      measure();
    }
    return rect_of(best_);
  }

 private:
  /// The lines, clockwise.
  enum Line : std::size_t { kTop, kRight, kBottom, kLeft };

  struct Candidate {
    Vector along = {1, 0};  // of length 1
    float width = 0;
    float height = 0;
    float area = std::numeric_limits<float>::max();
    std::size_t left = 0;  // the vertices that the rectangle's left and top sides touch
    std::size_t top = 0;
  };

  std::size_t next(std::size_t vertex) const { return vertex + 1 == points_.size() ? 0 : vertex + 1; }

  /// Rotates back by as many quarter turns as the line is after the top one.
  static Vector turned_back(const Vector& edge, std::size_t line) {
    switch (line) {
      case kTop:
        return edge;
      case kRight:
        return {edge.y, -edge.x};
      case kBottom:
        return {-edge.x, -edge.y};
      default:
        return {-edge.y, edge.x};
    }
  }

  /// Whether turning lines reach a before b.
  static bool comes_before(const Vector& a, const Vector& b) { return a.y * b.x - a.x * b.y < 0; }

  void turn_to_next_edge() {
    std::size_t line = kTop;
    Vector nearest = turned_back(edges_[touched_[kTop]], kTop);
    for (const std::size_t other : {kRight, kBottom, kLeft}) {
      const Vector edge = turned_back(edges_[touched_[other]], other);
      if (comes_before(edge, nearest)) nearest = edge, line = other;
    }
    const std::size_t vertex = touched_[line];
    const float inverse = inverse_lengths_[vertex];
    along_ = turned_back({edges_[vertex].x * inverse, edges_[vertex].y * inverse}, line);
    touched_[line] = next(vertex);
  }

  void measure() {
    const Vector across = difference(touched_[kRight], touched_[kLeft]);
    const Vector down = difference(touched_[kBottom], touched_[kTop]);
    const float width = across.x * along_.x + across.y * along_.y;
    const float height = -down.x * along_.y + down.y * along_.x;
    const float area = width * height;
    if (area <= best_.area) best_ = {along_, width, height, area, touched_[kLeft], touched_[kTop]};
  }

  Vector difference(std::size_t a, std::size_t b) const {
    return {points_[a].x - points_[b].x, points_[a].y - points_[b].y};
  }

  /// Its first corner is where the lines through the left and the top vertex meet.
  TurnedRect rect_of(const Candidate& best) const {
    const float a = best.along.x, b = best.along.y;
    const float left = a * points_[best.left].x + points_[best.left].y * b;
    const float top = -b * points_[best.top].x + points_[best.top].y * a;
    const float scale = 1.0f / (a * a - -b * b);
    const Vector corner = {(left * a - top * b) * scale, (a * top - -b * left) * scale};
    const Vector side = {a * best.width, b * best.width}, other = {-b * best.height, a * best.height};
    const auto length = [](const Vector& of) {
      const double x = static_cast<double>(of.x), y = static_cast<double>(of.y);
      return static_cast<float>(std::sqrt(x * x + y * y));
    };
    const Vector centre = {corner.x + (side.x + other.x) * 0.5f, corner.y + (side.y + other.y) * 0.5f};
    return {centre, length(side), length(other),
            std::atan2(static_cast<double>(side.y), static_cast<double>(side.x)) * 180 / M_PI};
  }

  std::vector<Vector> points_;
  std::vector<Vector> edges_;  // from each vertex to the next one
  std::vector<float> inverse_lengths_;
  std::array<std::size_t, 4> touched_ = {};  // the vertex that each line touches
  Vector along_ = {1, 0};                    // the top line's direction
  Candidate best_;
};

/// Brings the angle to -90..0 degrees, as boxPoints() gets it. A quarter turn swaps the sides.
TurnedRect normalized(TurnedRect rect) {
  if (rect.degrees >= 90) {
    rect.degrees -= 180;
  } else {
    rect.degrees -= 90;
    std::swap(rect.width, rect.height);
  }
  return rect;
}

std::array<Quad::Corner, 4> corners_of(const TurnedRect& rect) {
  const double radians = static_cast<double>(static_cast<float>(rect.degrees)) * M_PI / 180;
  const float b = static_cast<float>(std::cos(radians)) * 0.5f, a = static_cast<float>(std::sin(radians)) * 0.5f;
  const Vector c = rect.centre;
  const float w = rect.width, h = rect.height;
  return {{{c.x - a * h - b * w, c.y + b * h - a * w},
           {c.x + a * h - b * w, c.y - b * h - a * w},
           {c.x + a * h + b * w, c.y - b * h + a * w},
           {c.x - a * h + b * w, c.y + b * h + a * w}}};
}

/// Of the two leftmost corners the upper one is top left; of the other two it is top right.
Quad in_reading_order(std::array<Quad::Corner, 4> corners) {
  std::stable_sort(corners.begin(), corners.end(), [](const auto& a, const auto& b) { return a.x < b.x; });
  if (!(corners[1].y > corners[0].y)) std::swap(corners[0], corners[1]);
  if (!(corners[3].y > corners[2].y)) std::swap(corners[2], corners[3]);
  return {{corners[0], corners[2], corners[3], corners[1]}};
}

}  // namespace

MinAreaRect min_area_rect(const std::vector<LatticePoint>& hull) {
  if (hull.size() < 3) {
    if (hull.empty()) return {};
    const Quad::Corner first = {static_cast<float>(hull.front().x), static_cast<float>(hull.front().y)};
    const Quad::Corner last = {static_cast<float>(hull.back().x), static_cast<float>(hull.back().y)};
    return {in_reading_order({first, last, last, first}), 0};
  }
  const TurnedRect rect = normalized(Calipers(hull).smallest());
  return {in_reading_order(corners_of(rect)), std::min(rect.width, rect.height)};
}

}  // namespace gantry::inline GANTRY_ABI::detail
