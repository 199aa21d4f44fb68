// SPDX-License-Identifier: Apache-2.0
// BoxTable: boxes by column, for loops over the overlaps of one box with many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/call_context.hpp>
#include <gantry/detect/box.hpp>
#include <gantry/result.hpp>
#include <vector>

namespace gantry::detail {

/// Boxes in the order in which they may stay, the best first, and which of them are suppressed.
class BoxTable {
 public:
  explicit BoxTable(std::size_t count) : columns_(kColumns * count), suppressed_(count), count_(count) {}

  std::size_t size() const { return count_; }
  void set(std::size_t at, const Box& box);
  bool is_suppressed(std::size_t at) const { return suppressed_[at] != 0; }
  /// Of the boxes begin..end each that is not suppressed suppresses those behind it that it overlaps by more than
  /// `iou`; once `max_count` have stayed, all others are. Errors: what interrupts the call. Compiled without
  /// contraction.
  Result<void> suppress(std::size_t begin, std::size_t end, double iou, std::size_t max_count, const CallContext& call);
  /// intersection / union of the box at `at` with those of begin..end, to `overlaps`.
  void overlaps(std::size_t at, std::size_t begin, std::size_t end, float* overlaps) const;

 private:
  static constexpr std::size_t kColumns = 5;  // x0, y0, x1, y1, area
  const float* column(std::size_t index) const { return columns_.data() + index * count_; }

  std::vector<float> columns_;
  std::vector<std::uint32_t> suppressed_;  // all bits or none, as wide as a float, so that the loop is one of vectors
  std::size_t count_;
};

}  // namespace gantry::detail
