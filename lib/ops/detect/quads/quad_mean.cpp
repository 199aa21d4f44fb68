// SPDX-License-Identifier: Apache-2.0
// fillPoly() draws the polygon's edges as lines and fills each row between them, in fixed point. For a convex polygon
// this is one span per row.
#include "ops/detect/quads/quad_mean.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr int kFraction = 16;  // bits of OpenCV's fixed point
constexpr std::int64_t kOne = std::int64_t{1} << kFraction;

struct Point {
  std::int64_t x;
  std::int64_t y;
};

/// The span of columns in each row of a canvas, clipped to it.
class Spans {
 public:
  Spans(std::int64_t width, std::int64_t height) : width_(width), spans_(static_cast<std::size_t>(height)) {}

  std::int64_t width() const { return width_; }
  std::int64_t height() const { return static_cast<std::int64_t>(spans_.size()); }
  void add(std::int64_t y, std::int64_t first, std::int64_t last) {
    if (first >= width_ || last < 0 || first > last) return;
    Span& span = spans_[static_cast<std::size_t>(y)];
    span.first = std::min(span.first, std::max<std::int64_t>(first, 0));
    span.last = std::max(span.last, std::min(last, width_ - 1));
  }
  struct Span {
    std::int64_t first = std::numeric_limits<std::int64_t>::max();
    std::int64_t last = -1;
  };
  const std::vector<Span>& rows() const { return spans_; }

 private:
  std::int64_t width_;
  std::vector<Span> spans_;
};

/// OpenCV's clipLine(): the part within the canvas, cut at whole pixels; false if there is none.
bool clip_line(const Spans& canvas, Point& a, Point& b) {
  const std::int64_t right = canvas.width() - 1, bottom = canvas.height() - 1;
  const auto across = [&](const Point& p) { return (p.x < 0 ? 1 : 0) + (p.x > right ? 2 : 0); };
  const auto code = [&](const Point& p) { return across(p) + (p.y < 0 ? 4 : 0) + (p.y > bottom ? 8 : 0); };
  const auto step = [](std::int64_t by, std::int64_t of, std::int64_t over) {
    return static_cast<std::int64_t>(static_cast<double>(by) * static_cast<double>(of) / static_cast<double>(over));
  };
  int of_a = code(a), of_b = code(b);
  if ((of_a & of_b) == 0 && (of_a | of_b) != 0) {
    const auto cut_rows = [&](Point& p, int& of) {
      if ((of & 12) == 0) return;
      const std::int64_t edge = of < 8 ? 0 : bottom;
      p.x += step(edge - p.y, b.x - a.x, b.y - a.y);
      p.y = edge;
      of = across(p);
    };
    cut_rows(a, of_a);
    cut_rows(b, of_b);
    if ((of_a & of_b) == 0 && (of_a | of_b) != 0) {
      const auto cut_columns = [&](Point& p, int& of) {
        if (of == 0) return;
        const std::int64_t edge = of == 1 ? 0 : right;
        p.y += step(edge - p.x, b.y - a.y, b.x - a.x);
        p.x = edge;
        of = 0;
      };
      cut_columns(a, of_a);
      cut_columns(b, of_b);
    }
  }
  return (of_a | of_b) == 0;
}

/// Bresenham's line from left to right, as OpenCV's LineIterator draws it.
void draw_line(Spans& canvas, Point a, Point b) {
  if (!clip_line(canvas, a, b)) return;
  if (b.x < a.x) std::swap(a, b);
  const std::int64_t dx = b.x - a.x, dy = std::abs(b.y - a.y), down = b.y < a.y ? -1 : 1;
  const bool is_steep = dy > dx;
  const std::int64_t longer = is_steep ? dy : dx, shorter = is_steep ? dx : dy;
  std::int64_t error = longer - 2 * shorter;
  for (std::int64_t i = 0; i <= longer; ++i) {
    canvas.add(a.y, a.x, a.x);
    const bool steps_aside = error < 0;
    error += (steps_aside ? 2 * longer : 0) - 2 * shorter;
    if (is_steep || steps_aside) a.y += down;
    if (!is_steep || steps_aside) ++a.x;
  }
}

/// The rows between the upper and the lower end of an edge, and where it crosses them.
struct Edge {
  std::int64_t begin;
  std::int64_t end;  // exclusive
  std::int64_t x;    // in the first row, in fixed point
  std::int64_t slope;

  std::int64_t at(std::int64_t y) const { return x + (y - begin) * slope; }
};

bool is_within(const Spans& canvas, const Point& p) {
  return p.x >= 0 && p.x < canvas.width() && p.y >= 0 && p.y < canvas.height();
}

/// An edge that leaves the canvas gets the slope of its clipped part, which ends at whole pixels.
Edge edge_of(const Spans& canvas, const Point& a, const Point& b) {
  Point from = a, to = b;
  if (!is_within(canvas, a) || !is_within(canvas, b)) clip_line(canvas, from, to);
  if (from.y == to.y) from.y = a.y, to.y = b.y;
  const Point &upper = a.y < b.y ? a : b, &lower = a.y < b.y ? b : a;
  const Point& near = a.y < b.y ? from : to;
  const std::int64_t slope = (to.x - from.x) * kOne / (to.y - from.y);
  return {upper.y, lower.y, near.x * kOne + (upper.y - near.y) * slope, slope};
}

void fill(Spans& canvas, const std::array<Point, 4>& corners) {
  std::vector<Edge> edges;
  for (std::size_t i = 0; i < 4; ++i) {
    const Point &a = corners[(i + 3) % 4], &b = corners[i];
    draw_line(canvas, a, b);
    if (a.y != b.y) edges.push_back(edge_of(canvas, a, b));
  }
  for (std::int64_t y = 0; y < canvas.height(); ++y) {
    std::int64_t left = std::numeric_limits<std::int64_t>::max(), right = std::numeric_limits<std::int64_t>::min();
    for (const Edge& edge : edges)
      if (y >= edge.begin && y < edge.end) left = std::min(left, edge.at(y)), right = std::max(right, edge.at(y));
    if (left <= right) canvas.add(y, (left + kOne - 1) >> kFraction, right >> kFraction);
  }
}

}  // namespace

double quad_mean(const float* map, std::int64_t width, std::int64_t height, const Quad& quad) {
  float left = quad.corners[0].x, right = left, top = quad.corners[0].y, bottom = top;
  for (const Quad::Corner& corner : quad.corners) {
    left = std::min(left, corner.x), right = std::max(right, corner.x);
    top = std::min(top, corner.y), bottom = std::max(bottom, corner.y);
  }
  const auto pixel = [](float place, std::int64_t side) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(place), 0, side - 1);
  };
  const std::int64_t x0 = pixel(std::floor(left), width), y0 = pixel(std::floor(top), height);
  Spans canvas(pixel(std::ceil(right), width) - x0 + 1, pixel(std::ceil(bottom), height) - y0 + 1);
  std::array<Point, 4> corners;
  for (std::size_t i = 0; i < 4; ++i)
    corners[i] = {static_cast<std::int64_t>(quad.corners[i].x - static_cast<float>(x0)),
                  static_cast<std::int64_t>(quad.corners[i].y - static_cast<float>(y0))};
  fill(canvas, corners);
  double sum = 0;
  std::int64_t count = 0;
  for (std::size_t i = 0; i < canvas.rows().size(); ++i) {
    const auto& span = canvas.rows()[i];
    const float* const row = map + (y0 + static_cast<std::int64_t>(i)) * width + x0;
    for (std::int64_t x = span.first; x <= span.last; ++x) sum += static_cast<double>(row[x]);
    if (span.last >= span.first) count += span.last - span.first + 1;
  }
  return sum * (1 / static_cast<double>(count));  // as cv::mean() does: rounding decides at a threshold
}

}  // namespace gantry::inline GANTRY_ABI::detail
