// SPDX-License-Identifier: Apache-2.0
// The cells of a grid of several levels, and boxes given as distributions around a cell.
#pragma once

#include <cstdint>
#include <gantry/detect/box.hpp>
#include <gantry/result.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// A level: the index of its first cell, and its size in cells.
struct CellLevel {
  std::int64_t begin;
  std::int64_t columns;
  std::int64_t rows;
  std::int64_t stride;

  std::int64_t count() const { return columns * rows; }
};

/// A cell's column and row, and its level's stride in pixels.
struct Cell {
  float x;
  float y;
  float stride;
};

/// One level per stride over an input of width x height; sides in cells are rounded up.
class Cells {
 public:
  Cells(std::int64_t width, std::int64_t height, const std::vector<std::int64_t>& strides);

  const std::vector<CellLevel>& levels() const { return levels_; }
  std::int64_t count() const { return levels_.empty() ? 0 : levels_.back().begin + levels_.back().count(); }
  /// index: 0 .. count() - 1.
  Cell operator[](std::int64_t index) const;
  /// "8400 cells of 640x640 at the strides [8, 16, 32]".
  std::string to_string() const;

  static Result<void> check(std::int64_t width, std::int64_t height, const std::vector<std::int64_t>& strides);
  /// "width=640, height=640, strides=[8, 16, 32], ".
  static std::string text_of(std::int64_t width, std::int64_t height, const std::vector<std::int64_t>& strides);

 private:
  std::vector<CellLevel> levels_;
  std::int64_t width_;
  std::int64_t height_;
};

/// The mean of 0, 1, .. weighted by the softmax of `bins` logits, `step` apart. `scratch` holds 2 * bins. A NaN or an
/// infinite maximum makes NaN.
float mean_of_distribution(const float* logits, std::int64_t bins, std::int64_t step, float* scratch);
/// The box around a cell's centre. Its four distributions follow each other: distances to left, top, right and bottom,
/// in strides.
Box distribution_box(const Cell& cell, const float* logits, std::int64_t bins, std::int64_t step, float* scratch);

}  // namespace gantry::inline GANTRY_ABI::detail
