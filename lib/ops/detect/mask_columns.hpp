// SPDX-License-Identifier: Apache-2.0
// From mask values to run lengths, column by column of the picture, in which run lengths count. No picture of values is
// made: along a column values change linearly between two rows of the mask, so a crossing of the threshold is searched
// for, not each pixel looked at.
#pragma once

#include <cstdint>
#include <gantry/segment/run_lengths.hpp>
#include <vector>

#include "ops/segment/bilinear.hpp"
#include "ops/segment/run_builder.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Rows of the picture, from `begin` on, each made of two values of a column.
class MaskRows {
 public:
  /// blends[i] is that of row begin + i.
  MaskRows(std::int64_t begin, std::vector<Blend> blends);

  std::int64_t begin() const { return begin_; }
  std::int64_t end() const { return begin_ + static_cast<std::int64_t>(blends_.size()); }
  /// Adds these rows of one column: inside is what is above `gate`. `values`: of the column, which blends index.
  void add_to(RunBuilder& runs, const float* values, float gate) const;

 private:
  /// Rows that are made of the same two values.
  struct Stretch {
    std::int64_t begin;
    std::int64_t end;
  };
  void add_stretch(RunBuilder& runs, const Stretch& stretch, const float* values, float gate) const;
  bool is_inside(std::int64_t row, const float* values, float gate) const {
    return blends_[static_cast<std::size_t>(row)].of(values) > gate;
  }

  std::int64_t begin_;
  std::vector<Blend> blends_;
  std::vector<Stretch> stretches_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
