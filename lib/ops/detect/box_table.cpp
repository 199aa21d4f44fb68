// SPDX-License-Identifier: Apache-2.0
// torchvision, csrc/ops/cpu/nms_kernel.cpp: the same operations in the same order, in float32.
#include "ops/detect/box_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::uint32_t kAllBits = ~std::uint32_t{0};
constexpr std::size_t kKeptBetweenLooks = 64;

/// std::max and std::min as the reference writes them: their result for NaN decides which boxes stay.
inline float larger(float a, float b) {
  return a < b ? b : a;
}
inline float smaller(float a, float b) {
  return b < a ? b : a;
}

/// Overlap of one box with others. `kExtra` is added to the length of each side.
template <bool kOfSmaller, int kExtra>
struct OverlapOf {
  float x0, y0, x1, y1, area;

  float with(float other_x0, float other_y0, float other_x1, float other_y1, float other_area) const {
    const float left = larger(x0, other_x0), top = larger(y0, other_y0);
    const float right = smaller(x1, other_x1), bottom = smaller(y1, other_y1);
    const float width = kExtra == 0 ? right - left : right - left + kExtra;
    const float height = kExtra == 0 ? bottom - top : bottom - top + kExtra;
    const float intersection = larger(0.0f, width) * larger(0.0f, height);
    return intersection / (kOfSmaller ? smaller(area, other_area) : area + other_area - intersection);
  }
};
using PlainOverlap = OverlapOf<false, 0>;

/// The largest float not above `bound`. A float is above it exactly if it is above `bound`.
float rounded_down(double bound) {
  const auto near = static_cast<float>(bound);
  return static_cast<double>(near) > bound ? std::nextafter(near, -std::numeric_limits<float>::infinity()) : near;
}

}  // namespace

void BoxTable::set(std::size_t at, const Box& box) {
  float* const columns = columns_.data() + at;
  columns[0] = box.x0;
  columns[count_] = box.y0;
  columns[2 * count_] = box.x1;
  columns[3 * count_] = box.y1;
  columns[4 * count_] =
      extra_ == 0 ? (box.x1 - box.x0) * (box.y1 - box.y0) : (box.x1 - box.x0 + extra_) * (box.y1 - box.y0 + extra_);
}

Result<void> BoxTable::suppress(std::size_t begin, std::size_t end, const OverlapRule& rule, std::size_t max_count,
                                const CallContext& call) {
  if (rule.is_plain()) return suppress_by<PlainOverlap>(begin, end, rounded_down(rule.iou), max_count, call);
  const auto bound = static_cast<float>(rule.iou);
  if (rule.overlap == detect::Overlap::kUnion)
    return suppress_by<OverlapOf<false, 1>>(begin, end, bound, max_count, call);
  return rule.inclusive ? suppress_by<OverlapOf<true, 1>>(begin, end, bound, max_count, call)
                        : suppress_by<OverlapOf<true, 0>>(begin, end, bound, max_count, call);
}

template <class Overlap>
Result<void> BoxTable::suppress_by(std::size_t begin, std::size_t end, float bound, std::size_t max_count,
                                   const CallContext& call) {
  const float *x0 = column(0), *y0 = column(1), *x1 = column(2), *y1 = column(3), *area = column(4);
  std::uint32_t* const __restrict suppressed = suppressed_.data();
  for (std::size_t i = begin, kept = 0; i < end; ++i) {
    if (suppressed[i] != 0) continue;
    if (kept++ >= max_count) {
      std::fill(suppressed + i, suppressed + end, kAllBits);
      return {};
    }
    // Reading the clock costs as much as dozens of overlaps.
    if (kept % kKeptBetweenLooks == 0) GANTRY_RETURN_IF_ERROR(call.interruption());
    const Overlap one{x0[i], y0[i], x1[i], y1[i], area[i]};
    for (std::size_t j = i + 1; j < end; ++j)
      suppressed[j] |= one.with(x0[j], y0[j], x1[j], y1[j], area[j]) > bound ? kAllBits : 0;
  }
  return {};
}

void BoxTable::overlaps(std::size_t at, std::size_t begin, std::size_t end, float* overlaps) const {
  const float *x0 = column(0), *y0 = column(1), *x1 = column(2), *y1 = column(3), *area = column(4);
  const PlainOverlap one{x0[at], y0[at], x1[at], y1[at], area[at]};
  for (std::size_t j = begin; j < end; ++j) overlaps[j - begin] = one.with(x0[j], y0[j], x1[j], y1[j], area[j]);
}

}  // namespace gantry::inline GANTRY_ABI::detail
