// SPDX-License-Identifier: Apache-2.0
// Combines geometric steps in one pass.
#include "ops/image/fused/row_pass.hpp"

#include <algorithm>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// The overlap of begin..begin+size and 0..limit.
struct Overlap {
  std::int64_t begin;
  std::int64_t size;
};

Overlap overlap(std::int64_t begin, std::int64_t size, std::int64_t limit) {
  const std::int64_t first = std::clamp<std::int64_t>(begin, 0, limit);
  const std::int64_t last = std::clamp<std::int64_t>(begin + size, 0, limit);
  return {first, last - first};
}

bool is_inside(const Window& window, ImageSize canvas) {
  return window.left >= 0 && window.top >= 0 && window.left + window.size.width <= canvas.width &&
         window.top + window.size.height <= canvas.height;
}

}  // namespace

RowPass::RowPass(ImageSize image) : source_{0, 0, image}, visible_{0, 0, image}, canvas_(image) {}

bool RowPass::add(const GeometryStep& step) {
  if (const auto* resize = std::get_if<ResizeTo>(&step)) return add_resize(*resize);
  if (const auto* window = std::get_if<Window>(&step)) return add_window(*window);
  if (!std::holds_alternative<Mirror>(step)) return false;
  bool& mirrors = std::get<Mirror>(step).axis == image::FlipAxis::kHorizontal ? mirrors_columns_ : mirrors_rows_;
  mirrors = !mirrors;
  return true;
}

bool RowPass::add_resize(const ResizeTo& resize) {
  if (resize.size == canvas_ && !resize.box) return true;  // no reference changes such an image
  // Resampling a border or a mirrored image is not the same as bordering or mirroring a resampled one.
  if (resize_ || has_border() || mirrors_columns_ || mirrors_rows_) return false;
  source_ = {source_.left + visible_.left, source_.top + visible_.top, visible_.size};
  resize_ = resize;
  visible_ = {0, 0, resize.size};
  canvas_ = resize.size;
  return true;
}

bool RowPass::add_window(Window window) {
  const bool grows = !is_inside(window, canvas_);
  if (grows && has_border() && window.fill != fill_) return false;
  if (mirrors_columns_) window.left = canvas_.width - window.left - window.size.width;
  if (mirrors_rows_) window.top = canvas_.height - window.top - window.size.height;
  const Overlap columns = overlap(window.left - left_, window.size.width, visible_.size.width);
  const Overlap rows = overlap(window.top - top_, window.size.height, visible_.size.height);
  const bool is_empty = columns.size == 0 || rows.size == 0;
  left_ = std::max<std::int64_t>(left_ - window.left, 0);
  top_ = std::max<std::int64_t>(top_ - window.top, 0);
  visible_.left += columns.begin;
  visible_.top += rows.begin;
  visible_.size = is_empty ? ImageSize{0, 0} : ImageSize{columns.size, rows.size};
  canvas_ = window.size;
  if (grows) fill_ = window.fill;
  return true;
}

RowPass RowPass::band(std::int64_t first, std::int64_t count) const {
  RowPass part = *this;
  part.visible_.top += first;
  part.visible_.size.height = count;
  part.top_ += first;
  part.is_band_ = true;
  return part;
}

}  // namespace gantry::inline GANTRY_ABI::detail
