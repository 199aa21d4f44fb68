// SPDX-License-Identifier: Apache-2.0
#include "ops/detect/draw_labels.hpp"

#include <algorithm>

#include "ops/detect/draw_font.hpp"
#include "ops/detect/draw_palette.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::int64_t kLabelMargin = 2;  // dots left of and above the text; a cell has one to the right
constexpr std::int64_t kHeight = 11;      // dots: the margin, and a cell without its row of space
constexpr std::size_t kCompared = 256;    // labels; nobody reads more than that

}  // namespace

PixelBox label_size(std::size_t characters, std::int64_t scale) {
  return {0, 0, (static_cast<std::int64_t>(characters) * kCellWidth + kLabelMargin + 1) * scale, kHeight * scale};
}

std::size_t characters_within(std::int64_t width, std::int64_t scale) {
  return static_cast<std::size_t>(std::max<std::int64_t>((width / scale - kLabelMargin - 1) / kCellWidth, 1));
}

void draw_label(Canvas& canvas, const PixelBox& place, const std::string& text, std::int64_t scale, Rgb colour) {
  canvas.fill(place, colour);
  draw_text(canvas, text, place.left + kLabelMargin * scale, place.top + kLabelMargin * scale, scale,
            text_colour_on(colour));
}

bool LabelPlaces::is_free(const PixelBox& place) const {
  return std::none_of(taken_.begin(), taken_.end(), [&](const PixelBox& other) { return place.overlaps(other); });
}

PixelBox LabelPlaces::find(const PixelBox& box, const PixelBox& size) {
  const std::int64_t last_left = std::max<std::int64_t>(picture_.right - size.width(), 0);
  const std::int64_t last_top = std::max<std::int64_t>(picture_.bottom - size.height(), 0);
  const std::int64_t left = std::clamp<std::int64_t>(box.left, 0, last_left);
  const std::int64_t inside_top = std::clamp<std::int64_t>(box.top, 0, last_top);
  const std::int64_t inside_bottom = std::min(box.bottom, picture_.bottom) - size.height();
  const auto at = [&](std::int64_t top) { return PixelBox{left, top, left + size.width(), top + size.height()}; };

  const std::int64_t tops[] = {box.top - size.height(), inside_top, box.bottom, inside_bottom};
  for (const std::int64_t top : tops) {
    if (top < 0 || top > last_top || !is_free(at(top))) continue;
    if (taken_.size() < kCompared) taken_.push_back(at(top));
    return at(top);
  }
  return at(tops[0] >= 0 && tops[0] <= last_top ? tops[0] : inside_top);
}

}  // namespace gantry::inline GANTRY_ABI::detail
