// SPDX-License-Identifier: Apache-2.0
#include "ops/detect/draw_canvas.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace gantry::detail {
namespace {

constexpr std::int64_t kChannels = 3;

/// Before anything is made an integer: a double beyond its range is none.
std::int64_t clamped(double value, std::int64_t low, std::int64_t high) {
  return static_cast<std::int64_t>(std::clamp(value, static_cast<double>(low), static_cast<double>(high)));
}

}  // namespace

PixelBox Canvas::clipped(const PixelBox& box) const {
  return {std::max<std::int64_t>(box.left, 0), std::max<std::int64_t>(box.top, 0), std::min(box.right, width()),
          std::min(box.bottom, height())};
}

void Canvas::fill(const PixelBox& box, Rgb colour) {
  const PixelBox seen = clipped(box);
  if (seen.is_empty()) return;
  std::uint8_t* const first = image_.mutable_row(seen.top) + seen.left * kChannels;
  const std::uint8_t pixel[] = {colour.red, colour.green, colour.blue};
  for (std::int64_t x = 0; x < seen.width(); ++x) std::memcpy(first + x * kChannels, pixel, sizeof(pixel));
  for (std::int64_t y = seen.top + 1; y < seen.bottom; ++y)
    std::memcpy(image_.mutable_row(y) + seen.left * kChannels, first,
                static_cast<std::size_t>(seen.width() * kChannels));
}

void Canvas::outline(const PixelBox& box, std::int64_t thickness, Rgb colour) {
  if (2 * thickness >= std::min(box.width(), box.height())) return fill(box, colour);
  const std::int64_t top = box.top + thickness, bottom = box.bottom - thickness;
  fill({box.left, box.top, box.right, top}, colour);
  fill({box.left, bottom, box.right, box.bottom}, colour);
  fill({box.left, top, box.left + thickness, bottom}, colour);
  fill({box.right - thickness, top, box.right, bottom}, colour);
}

void Canvas::disc(double x, double y, double radius, Rgb colour) {
  const std::int64_t top = clamped(std::floor(y - radius), 0, height());
  const std::int64_t bottom = clamped(std::ceil(y + radius), 0, height());
  for (std::int64_t row = top; row < bottom; ++row) {
    const double down = static_cast<double>(row) + 0.5 - y;
    if (std::abs(down) > radius) continue;
    const double across = std::sqrt(radius * radius - down * down);
    fill({clamped(std::ceil(x - across - 0.5), 0, width()), row, clamped(std::floor(x + across + 0.5), 0, width()),
          row + 1},
         colour);
  }
}

void Canvas::paste(const Image& image, std::int64_t left, std::int64_t top) {
  const PixelBox seen = clipped({left, top, left + image.width(), top + image.height()});
  if (seen.is_empty()) return;
  for (std::int64_t y = seen.top; y < seen.bottom; ++y)
    std::memcpy(image_.mutable_row(y) + seen.left * kChannels, image.row(y - top) + (seen.left - left) * kChannels,
                static_cast<std::size_t>(seen.width() * kChannels));
}

}  // namespace gantry::detail
