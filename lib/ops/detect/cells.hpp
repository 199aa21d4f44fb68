// SPDX-License-Identifier: Apache-2.0
// The cells of a grid of several levels, and boxes that are distributions around them.
#pragma once

#include <cstdint>
#include <gantry/detect/box.hpp>
#include <gantry/result.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// A level: where its cells begin among all, how many there are.
struct CellLevel {
  std::int64_t begin;
  std::int64_t columns;
  std::int64_t rows;
  std::int64_t stride;

  std::int64_t count() const { return columns * rows; }
};

/// A cell by its column and row, and the pixels to a cell of its level.
struct Cell {
  float x;
  float y;
  float stride;
};

/// Levels of `strides` over an input of width x height, each side rounded up.
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

/// Softmax of `bins` logits, `step` apart, and the mean of 0, 1, .. by it. `scratch` holds twice as many. A NaN or an
/// infinity makes NaN.
float mean_of_distribution(const float* logits, std::int64_t bins, std::int64_t step, float* scratch);
/// The box around a cell's centre of four distributions one after the other: to left, top, right and bottom, in
/// strides.
Box distribution_box(const Cell& cell, const float* logits, std::int64_t bins, std::int64_t step, float* scratch);

}  // namespace gantry::inline GANTRY_ABI::detail
