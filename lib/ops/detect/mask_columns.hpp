// SPDX-License-Identifier: Apache-2.0
// Turns mask values into run lengths, which are column-major in the picture. Values are not resampled to the picture:
// along a column they change linearly between two rows of the mask, so a binary search finds where they cross the
// threshold.
#pragma once

#include <cstdint>
#include <gantry/segment/run_lengths.hpp>
#include <vector>

#include "ops/segment/bilinear.hpp"
#include "ops/segment/run_builder.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Rows of the picture from `begin` on, each a blend of two values of a column.
class MaskRows {
 public:
  /// blends[i] is for row begin + i.
  MaskRows(std::int64_t begin, std::vector<Blend> blends);

  std::int64_t begin() const { return begin_; }
  std::int64_t end() const { return begin_ + static_cast<std::int64_t>(blends_.size()); }
  /// Adds these rows of one column; pixels above `gate` are inside. `values`: the column that blends index.
  void add_to(RunBuilder& runs, const float* values, float gate) const;

 private:
  /// Rows that blend the same two values.
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
