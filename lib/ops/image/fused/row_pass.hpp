// SPDX-License-Identifier: Apache-2.0
// RowPass: what one walk over the rows of an image can do: take a rectangle, resample it, and lay a part of the result
// on a canvas. Neighbouring geometric steps are combined in one pass as long as it can describe them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "ops/image/geometry.hpp"

namespace gantry::inline GANTRY_ABI::detail {

class RowPass {
 public:
  explicit RowPass(ImageSize image);

  /// Adds the step and gives true. Gives false and changes nothing if the step belongs to the next pass.
  bool add(const GeometryStep& step);

  /// The size of the result.
  ImageSize size() const { return canvas_; }
  /// The rectangle of the image that is resampled, as if the rest did not exist.
  const Rectangle& source() const { return source_; }
  /// How it is resampled, and to which size; nothing if pixels are only moved.
  const std::optional<ResizeTo>& resize() const { return resize_; }
  /// The part of the resampled rectangle that is shown; empty if its width is 0.
  const Rectangle& visible() const { return visible_; }
  /// Where that part lies on the canvas, before the canvas is mirrored.
  std::int64_t left() const { return left_; }
  std::int64_t top() const { return top_; }
  /// The colour of the rest of the canvas.
  const image::Fill& fill() const { return fill_; }
  bool has_border() const { return visible_.size != canvas_ && !is_band_; }
  bool mirrors_columns() const { return mirrors_columns_; }
  bool mirrors_rows() const { return mirrors_rows_; }
  /// True if the result is a rectangle of the image, unchanged.
  bool is_crop() const { return !resize_ && !has_border() && !mirrors_columns_ && !mirrors_rows_; }

  /// The same pass for `count` rows of the visible part, from `first` on, without the border.
  RowPass band(std::int64_t first, std::int64_t count) const;

 private:
  bool add_resize(const ResizeTo& resize);
  bool add_window(Window window);

  Rectangle source_;
  std::optional<ResizeTo> resize_;
  Rectangle visible_;
  ImageSize canvas_;
  std::int64_t left_ = 0;
  std::int64_t top_ = 0;
  image::Fill fill_ = 0;
  bool mirrors_columns_ = false;
  bool mirrors_rows_ = false;
  bool is_band_ = false;
};

}  // namespace gantry::inline GANTRY_ABI::detail
