// SPDX-License-Identifier: Apache-2.0
#include "ops/detect/mask_columns.hpp"

#include <cmath>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

MaskRows::MaskRows(std::int64_t begin, std::vector<Blend> blends) : begin_(begin), blends_(std::move(blends)) {
  for (std::size_t i = 0; i < blends_.size(); ++i) {
    const bool goes_on =
        i > 0 && blends_[i].first == blends_[i - 1].first && blends_[i].second == blends_[i - 1].second;
    const auto row = static_cast<std::int64_t>(i);
    if (goes_on)
      stretches_.back().end = row + 1;
    else
      stretches_.push_back({row, row + 1});
  }
}

void MaskRows::add_to(RunBuilder& runs, const float* values, float gate) const {
  for (const Stretch& stretch : stretches_) add_stretch(runs, stretch, values, gate);
}

void MaskRows::add_stretch(RunBuilder& runs, const Stretch& stretch, const float* values, float gate) const {
  const Blend& blend = blends_[static_cast<std::size_t>(stretch.begin)];
  const float first = values[blend.first], second = values[blend.second];
  if (!std::isfinite(first) || !std::isfinite(second)) {  // 0 * infinity is NaN, and NaN > gate is false
    for (std::int64_t row = stretch.begin; row < stretch.end; ++row) runs.add(1, is_inside(row, values, gate));
    return;
  }
  // If both values are on one side of the gate, so are all between them.
  const bool is_first_above = first > gate, is_second_above = second > gate;
  if (is_first_above == is_second_above) return runs.add(stretch.end - stretch.begin, is_first_above);
  // Rows before `low` are like the first one, rows from `high` on are not.
  const bool begins_inside = is_inside(stretch.begin, values, gate);
  std::int64_t low = stretch.begin + 1, high = stretch.end;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (is_inside(middle, values, gate) == begins_inside)
      low = middle + 1;
    else
      high = middle;
  }
  runs.add(low - stretch.begin, begins_inside);
  runs.add(stretch.end - low, !begins_inside);
}

}  // namespace gantry::inline GANTRY_ABI::detail
