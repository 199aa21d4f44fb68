// SPDX-License-Identifier: Apache-2.0
#include "ops/detect/draw_canvas.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::int64_t kChannels = 3;

/// Clamps before the cast: out of range, the cast is undefined.
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

void Canvas::blend(const RunLengths& mask, Rgb colour, const AlphaBlend& blend) {
  const auto box = mask.bounding_box();
  if (box[2] == 0 || mask.width() != width() || mask.height() != height() || !mask.check()) return;
  std::uint8_t blended[kChannels][256];
  const std::uint8_t with[] = {colour.red, colour.green, colour.blue};
  for (int c = 0; c < kChannels; ++c)
    for (int own = 0; own < 256; ++own) blended[c][own] = blend(static_cast<std::uint8_t>(own), with[c]);
  // Runs are column-major and the image is row-major, so work in tiles of columns that stay in the cache.
  constexpr std::int64_t kTile = 64;
  std::vector<std::uint8_t> inside;
  std::int64_t begin = 0;
  std::size_t run = 0;
  for (std::int64_t left = box[0]; left < box[0] + box[2]; left += kTile) {
    const std::int64_t columns = std::min(kTile, box[0] + box[2] - left);
    inside.assign(static_cast<std::size_t>(columns * box[3]), 0);
    const std::int64_t first = left * height(), last = (left + columns) * height();
    for (; run < mask.counts().size() && begin < last; begin += mask.counts()[run], ++run) {
      const std::int64_t end = begin + mask.counts()[run];
      for (std::int64_t p = std::max(begin, first); run % 2 == 1 && p < std::min(end, last);) {
        const std::int64_t x = p / height() - left, top = p % height(), count = std::min(end - p, height() - top);
        for (std::int64_t y = top - box[1]; y < top - box[1] + count; ++y)
          inside[static_cast<std::size_t>(y * columns + x)] = 1;
        p += count;
      }
      if (end > last) break;  // the next tile continues it
    }
    for (std::int64_t y = 0; y < box[3]; ++y) {
      std::uint8_t* pixel = image_.mutable_row(box[1] + y) + left * kChannels;
      const std::uint8_t* const is_inside = inside.data() + y * columns;
      for (std::int64_t x = 0; x < columns; ++x, pixel += kChannels)
        for (int c = 0; c < kChannels && is_inside[x] != 0; ++c) pixel[c] = blended[c][pixel[c]];
    }
  }
}

void Canvas::paste(const Image& image, std::int64_t left, std::int64_t top) {
  const PixelBox seen = clipped({left, top, left + image.width(), top + image.height()});
  if (seen.is_empty()) return;
  for (std::int64_t y = seen.top; y < seen.bottom; ++y)
    std::memcpy(image_.mutable_row(y) + seen.left * kChannels, image.row(y - top) + (seen.left - left) * kChannels,
                static_cast<std::size_t>(seen.width() * kChannels));
}

}  // namespace gantry::inline GANTRY_ABI::detail
