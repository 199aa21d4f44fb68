// SPDX-License-Identifier: Apache-2.0
// detect.draw_quads: draws the last quad first.
#include <gantry/detect/draw_quads.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/detect/draw_canvas.hpp"
#include "ops/detect/draw_palette.hpp"
#include "ops/detect/draw_sizes.hpp"
#include "ops/detect/draw_stage.hpp"
#include "ops/image/rgb_copy.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

using detail::Canvas;
using detail::Rgb;

constexpr double kFarthestCorner = 0x1p32;

struct Place {
  double x;
  double y;
};

Place place_of(const Quad::Corner& corner) {
  return {static_cast<double>(corner.x), static_cast<double>(corner.y)};
}

/// The columns of a row that a convex shape covers.
struct Reach {
  double left = std::numeric_limits<double>::infinity();
  double right = -std::numeric_limits<double>::infinity();

  void add(double x) { left = std::min(left, x), right = std::max(right, x); }
};

/// Adds where the side from a to b crosses the height y.
void cross(const Place& a, const Place& b, double y, Reach& reach) {
  if (std::min(a.y, b.y) > y || std::max(a.y, b.y) < y) return;
  if (a.y == b.y) return reach.add(a.x), reach.add(b.x);
  reach.add(a.x + (b.x - a.x) * ((y - a.y) / (b.y - a.y)));
}

/// A line with round ends.
void draw_line(Canvas& canvas, const Place& a, const Place& b, double radius, Rgb colour) {
  canvas.disc(a.x, a.y, radius, colour);
  canvas.disc(b.x, b.y, radius, colour);
  const double length = std::hypot(b.x - a.x, b.y - a.y);
  if (!(length > 0)) return;
  const Place aside = {-(b.y - a.y) / length * radius, (b.x - a.x) / length * radius};
  const Place corners[] = {{a.x + aside.x, a.y + aside.y},
                           {b.x + aside.x, b.y + aside.y},
                           {b.x - aside.x, b.y - aside.y},
                           {a.x - aside.x, a.y - aside.y}};
  const auto row_of = [&](double y) {
    return static_cast<std::int64_t>(std::clamp(std::floor(y), 0.0, static_cast<double>(canvas.height())));
  };
  const auto column_of = [&](double x) {
    return static_cast<std::int64_t>(std::clamp(std::nearbyint(x), 0.0, static_cast<double>(canvas.width())));
  };
  double top = corners[0].y, bottom = top;
  for (const Place& corner : corners) top = std::min(top, corner.y), bottom = std::max(bottom, corner.y);
  for (std::int64_t y = row_of(top); y < row_of(bottom + 1); ++y) {
    Reach reach;
    for (std::size_t i = 0; i < 4; ++i) cross(corners[i], corners[(i + 1) % 4], static_cast<double>(y) + 0.5, reach);
    if (reach.left <= reach.right) canvas.fill({column_of(reach.left), y, column_of(reach.right), y + 1}, colour);
  }
}

bool can_be_drawn(const Quad& quad) {
  return std::all_of(quad.corners.begin(), quad.corners.end(), [](const Quad::Corner& corner) {
    return std::fabs(static_cast<double>(corner.x)) <= kFarthestCorner &&
           std::fabs(static_cast<double>(corner.y)) <= kFarthestCorner;
  });
}

Result<void> check(const DrawQuads& options) {
  return detail::check_range("line_width", options.line_width, 0, detail::kMaxLineWidth);
}

Result<Image> draw_quads_on(const Image& picture, const Quads& found, const DrawQuads& options,
                            const CallContext& call) {
  auto drawn = detail::rgb_copy(picture);
  if (!drawn) return drawn;
  Canvas canvas(*drawn);
  const std::int64_t line =
      options.line_width != 0 ? options.line_width : detail::line_width_for(picture.width(), picture.height());
  const double radius = static_cast<double>(line) / 2;
  for (std::size_t i = found.size(); i-- > 0;) {
    GANTRY_RETURN_IF_ERROR(call.interruption());
    const Quad& quad = found[i].quad;
    if (!can_be_drawn(quad)) continue;
    const Rgb colour = detail::colour_of_class(static_cast<std::int64_t>(i));
    for (std::size_t k = 0; k < 4; ++k)
      draw_line(canvas, place_of(quad.corners[k]), place_of(quad.corners[(k + 1) % 4]), radius, colour);
    const Place first = place_of(quad.corners[0]);
    canvas.disc(first.x, first.y, 1 + 2 * radius, colour);
  }
  return drawn;
}

}  // namespace

Stage<std::tuple<Image, Quads>, Image> draw_quads(const DrawQuads& options) {
  return detail::draw_stage<Quads>("detect.draw_quads", options, "line_width=" + std::to_string(options.line_width),
                                   check(options), draw_quads_on);
}

Result<Image> draw_quads(const Image& picture, const Quads& found, const DrawQuads& options) {
  return detail::drawn_by_hand(picture, found, options, check(options), draw_quads_on);
}

}  // namespace gantry::inline GANTRY_ABI::detect
