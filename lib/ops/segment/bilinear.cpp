// SPDX-License-Identifier: Apache-2.0
#include "ops/segment/bilinear.hpp"

#include <cmath>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Beyond any input.
constexpr double kFarthestPlace = 0x1p32;

/// The picture's edges along the axis in values of the plane, the smaller first. Ops place pictures at whole pixels; a
/// fraction of a pixel comes from rounding a size.
struct Part {
  Part(const FrameAxis& axis, std::int64_t pixels, std::int64_t stride) {
    const double ends[] = {axis.forth(0), axis.forth(static_cast<double>(pixels))};
    begin = edge(std::min(ends[0], ends[1]), stride);
    end = edge(std::max(ends[0], ends[1]), stride);
  }
  static double edge(double now, std::int64_t stride) {
    return std::nearbyint(std::clamp(now, -kFarthestPlace, kFarthestPlace)) / static_cast<double>(stride);
  }
  bool is_known() const { return std::isfinite(begin) && std::isfinite(end); }

  double begin;
  double end;
};

}  // namespace

PlaneAxis plane_axis(const FrameAxis& axis, std::int64_t pixels, std::int64_t count, std::int64_t stride) {
  PlaneAxis made;
  const Part part(axis, pixels, stride);
  made.blends.resize(static_cast<std::size_t>(pixels), Blend{0, 0, 1.0f, 0.0f});
  if (!part.is_known() || count <= 0) return made;
  const auto first = static_cast<std::int64_t>(std::floor(part.begin));
  const std::int64_t length = std::max<std::int64_t>(static_cast<std::int64_t>(std::ceil(part.end)) - first, 1);
  const auto scale = static_cast<float>((part.end - part.begin) / static_cast<double>(pixels));
  const auto shift = static_cast<float>(part.begin - static_cast<double>(first));
  const double step = (part.end - part.begin) / static_cast<double>(pixels);
  std::int64_t shown_begin = pixels, shown_end = 0;
  for (std::int64_t i = 0; i < pixels; ++i) {
    Blend blend = blend_at(scale * (static_cast<float>(i) + 0.5f) - 0.5f + shift, length);
    blend.first = std::clamp<std::int64_t>(blend.first + first, 0, count - 1);
    blend.second = std::clamp<std::int64_t>(blend.second + first, 0, count - 1);
    const double middle = part.begin + step * (static_cast<double>(i) + 0.5);
    const std::int64_t at = axis.gain < 0 ? pixels - 1 - i : i;
    made.blends[static_cast<std::size_t>(at)] = blend;
    if (middle < 0 || middle >= static_cast<double>(count)) continue;
    shown_begin = std::min(shown_begin, at);
    shown_end = std::max(shown_end, at + 1);
  }
  if (shown_begin < shown_end) made.begin = shown_begin, made.end = shown_end;
  return made;
}

}  // namespace gantry::inline GANTRY_ABI::detail
