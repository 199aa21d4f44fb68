// SPDX-License-Identifier: Apache-2.0
#include "ops/detect/cells.hpp"

#include "core/return_if_error.hpp"
#include "ops/detect/activation.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kMaxLevels = 16;

std::int64_t rounded_up(std::int64_t side, std::int64_t stride) {
  return (side + stride - 1) / stride;
}

}  // namespace

Cells::Cells(std::int64_t width, std::int64_t height, const std::vector<std::int64_t>& strides)
    : width_(width), height_(height) {
  for (const std::int64_t stride : strides)
    levels_.push_back({count(), rounded_up(width, stride), rounded_up(height, stride), stride});
}

Cell Cells::operator[](std::int64_t index) const {
  std::size_t level = 0;
  while (level + 1 < levels_.size() && index >= levels_[level + 1].begin) ++level;
  const CellLevel& at = levels_[level];
  const std::int64_t place = index - at.begin;
  return {static_cast<float>(place % at.columns), static_cast<float>(place / at.columns),
          static_cast<float>(at.stride)};
}

std::string Cells::to_string() const {
  std::vector<std::int64_t> strides;
  for (const CellLevel& level : levels_) strides.push_back(level.stride);
  return std::to_string(count()) + " cells of " + std::to_string(width_) + "x" + std::to_string(height_) +
         " at the strides " + to_text(strides);
}

Result<void> Cells::check(std::int64_t width, std::int64_t height, const std::vector<std::int64_t>& strides) {
  GANTRY_RETURN_IF_ERROR(check_side("width", width));
  GANTRY_RETURN_IF_ERROR(check_side("height", height));
  if (strides.empty() || strides.size() > kMaxLevels)
    return Error(ErrorCode::kInvalidArgument, "strides must be 1..16 numbers, got " + std::to_string(strides.size()));
  for (const std::int64_t stride : strides) GANTRY_RETURN_IF_ERROR(check_range("strides", stride, 1, kMaxSide));
  return {};
}

std::string Cells::text_of(std::int64_t width, std::int64_t height, const std::vector<std::int64_t>& strides) {
  return "width=" + std::to_string(width) + ", height=" + std::to_string(height) + ", strides=" + to_text(strides) +
         ", ";
}

float mean_of_distribution(const float* logits, std::int64_t bins, std::int64_t step, float* scratch) {
  for (std::int64_t i = 0; i < bins; ++i) scratch[i] = logits[i * step];
  float* const shares = scratch + bins;
  softmax_row(scratch, shares, bins);
  float mean = 0;
  for (std::int64_t i = 0; i < bins; ++i) mean += static_cast<float>(i) * shares[i];
  return mean;
}

Box distribution_box(const Cell& cell, const float* logits, std::int64_t bins, std::int64_t step, float* scratch) {
  float distance[4];
  for (std::int64_t side = 0; side < 4; ++side)
    distance[side] = mean_of_distribution(logits + side * bins * step, bins, step, scratch);
  const float x = cell.x + 0.5f, y = cell.y + 0.5f;
  return {(x - distance[0]) * cell.stride, (y - distance[1]) * cell.stride, (x + distance[2]) * cell.stride,
          (y + distance[3]) * cell.stride};
}

}  // namespace gantry::inline GANTRY_ABI::detail
