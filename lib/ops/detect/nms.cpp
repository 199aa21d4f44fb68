// SPDX-License-Identifier: Apache-2.0
// Non-maximum suppression (torchvision, csrc/ops/cpu/nms_kernel.cpp and ops/boxes.py). Boxes are sorted into a table
// class by class, so that classes that cannot suppress each other are never compared.
#include <algorithm>
#include <cmath>
#include <gantry/detect/nms.hpp>
#include <limits>
#include <new>
#include <numeric>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/detect/box_table.hpp"
#include "ops/detect/nms_options.hpp"
#include "ops/detect/score_order.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

using detail::BoxTable;
using detail::OverlapRule;

/// torchvision.ops.batched_nms moves classes apart up to this many numbers, that is, 1000 boxes.
constexpr std::size_t kMostMovedNumbers = 4000;
/// This many groups cost little beside the boxes, even if most are empty.
constexpr std::size_t kFewClasses = 1024;
/// Up to here a float32 coordinate is exact to 1/8, so that boxes moved apart by 1 pixel do not touch.
constexpr float kMostExactCoordinate = 1048576.0f;

/// Groups of table rows that may suppress each other, from one begin to the next.
struct Groups {
  std::vector<std::uint32_t> members;  ///< box indices, group by group, the best first in each
  std::vector<std::size_t> begins;     ///< where each group begins in `members`, then the end
};

Groups one_group(std::vector<std::uint32_t> order) {
  const std::size_t count = order.size();
  return {std::move(order), {0, count}};
}

/// A small number for each class. Most detectors have few classes, which keep their own numbers. Others are looked up
/// in sorted order: whoever chooses the classes could make them collide in a hash table.
std::vector<std::uint32_t> numbered(Span<const std::int64_t> classes, std::size_t* count) {
  std::vector<std::uint32_t> numbers(classes.size());
  const auto limit = static_cast<std::int64_t>(std::max<std::size_t>(classes.size(), kFewClasses));
  if (std::all_of(classes.begin(), classes.end(), [&](std::int64_t one) { return one >= 0 && one < limit; })) {
    std::transform(classes.begin(), classes.end(), numbers.begin(),
                   [](std::int64_t one) { return static_cast<std::uint32_t>(one); });
    *count = classes.empty() ? 0 : std::size_t{1} + *std::max_element(numbers.begin(), numbers.end());
    return numbers;
  }
  std::vector<std::int64_t> known(classes.begin(), classes.end());
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  for (std::size_t i = 0; i < classes.size(); ++i)
    numbers[i] = static_cast<std::uint32_t>(std::lower_bound(known.begin(), known.end(), classes[i]) - known.begin());
  *count = known.size();
  return numbers;
}

Groups by_class(const std::vector<std::uint32_t>& order, Span<const std::int64_t> classes) {
  std::size_t count = 0;
  const std::vector<std::uint32_t> numbers = numbered(classes, &count);
  Groups groups{std::vector<std::uint32_t>(order.size()), std::vector<std::size_t>(count + 1)};
  for (const std::uint32_t number : numbers) ++groups.begins[number + 1];
  std::partial_sum(groups.begins.begin(), groups.begins.end(), groups.begins.begin());
  std::vector<std::size_t> next(groups.begins.begin(), groups.begins.end() - 1);
  for (const std::uint32_t index : order) groups.members[next[numbers[index]]++] = index;
  return groups;
}

/// The rule, the limit and the call.
struct Limits {
  OverlapRule rule;
  std::size_t max_count;
  const CallContext& call;
};

using Kept = Result<std::vector<std::size_t>>;

/// The boxes that stay, in the order of `order`; at most `max_count`.
Kept kept_of(const Groups& groups, Span<const Box> boxes, const std::vector<std::uint32_t>& order,
             const Limits& limits) {
  BoxTable table(boxes.size(), limits.rule.inclusive);
  for (std::size_t at = 0; at < groups.members.size(); ++at) table.set(at, boxes[groups.members[at]]);
  for (std::size_t group = 0; group + 1 < groups.begins.size(); ++group)
    GANTRY_RETURN_IF_ERROR(
        table.suppress(groups.begins[group], groups.begins[group + 1], limits.rule, limits.max_count, limits.call));
  std::vector<std::uint8_t> stays(boxes.size());
  for (std::size_t at = 0; at < groups.members.size(); ++at) stays[groups.members[at]] = !table.is_suppressed(at);
  std::vector<std::size_t> kept;
  for (const std::uint32_t index : order)
    if (stays[index] != 0 && kept.size() < limits.max_count) kept.push_back(index);
  return kept;
}

/// Boxes moved apart by class, in float32, and whether those of different classes can still overlap.
struct MovedApart {
  std::vector<Box> boxes;
  bool may_overlap = false;
};

MovedApart moved_apart(Span<const Box> boxes, Span<const std::int64_t> classes) {
  float largest = -std::numeric_limits<float>::infinity(), smallest = std::numeric_limits<float>::infinity();
  bool has_nan = false;
  for (const Box& box : boxes) {
    for (const float side : {box.x0, box.y0, box.x1, box.y1}) {
      has_nan = has_nan || std::isnan(side);
      largest = std::max(largest, side);
      smallest = std::min(smallest, side);
    }
  }
  if (has_nan) largest = std::numeric_limits<float>::quiet_NaN();  // as torch's max()
  MovedApart moved{{boxes.begin(), boxes.end()}, has_nan || smallest < 0};
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const float offset = static_cast<float>(classes[i]) * (largest + 1.0f);
    moved.may_overlap = moved.may_overlap || !(classes[i] >= 0 && offset + largest < kMostExactCoordinate);
    Box& box = moved.boxes[i];
    box = {box.x0 + offset, box.y0 + offset, box.x1 + offset, box.y1 + offset};
  }
  return moved;
}

Kept kept_moved(Span<const Box> boxes, const std::vector<std::uint32_t>& order, Span<const std::int64_t> classes,
                const Limits& limits) {
  const MovedApart moved = moved_apart(boxes, classes);
  // With iou < 0 even disjoint boxes suppress each other; inclusive ones touch a pixel away.
  const bool as_one = moved.may_overlap || limits.rule.iou < 0 || limits.rule.inclusive;
  const Groups groups = as_one ? one_group(order) : by_class(order, classes);
  return kept_of(groups, Span<const Box>(moved.boxes), order, limits);
}

Result<void> check(Span<const Box> boxes, Span<const float> scores, double iou) {
  if (boxes.size() != scores.size())
    return Error(ErrorCode::kInvalidArgument,
                 std::to_string(scores.size()) + " scores for " + std::to_string(boxes.size()) + " boxes");
  if (boxes.size() > std::numeric_limits<std::uint32_t>::max())
    return Error(ErrorCode::kInvalidArgument, std::to_string(boxes.size()) + " boxes are too many");
  if (std::isnan(iou)) return Error(ErrorCode::kInvalidArgument, "iou is NaN");
  return {};
}

Error out_of_memory(std::size_t boxes) {
  return Error(ErrorCode::kResourceExhausted, "no memory to suppress among " + std::to_string(boxes) + " boxes");
}

Kept batched(Span<const Box> boxes, Span<const float> scores, Span<const std::int64_t> classes, Suppress suppress,
             const Limits& limits) try {
  GANTRY_RETURN_IF_ERROR(check(boxes, scores, limits.rule.iou));
  if (classes.size() != boxes.size())
    return Error(ErrorCode::kInvalidArgument,
                 std::to_string(classes.size()) + " classes for " + std::to_string(boxes.size()) + " boxes");
  const std::vector<std::uint32_t> order = detail::order_by_score(scores);
  if (suppress == Suppress::kAny) return kept_of(one_group(order), boxes, order, limits);
  if (suppress == Suppress::kTorchvision && 4 * boxes.size() <= kMostMovedNumbers)
    return kept_moved(boxes, order, classes, limits);
  return kept_of(by_class(order, classes), boxes, order, limits);
} catch (const std::bad_alloc&) {
  return out_of_memory(boxes.size());
}

}  // namespace

Result<void> check_nms(const Nms& options) {
  if (options.suppress > Suppress::kTorchvision) return Error(ErrorCode::kInvalidArgument, "unknown suppress");
  if (options.overlap > Overlap::kSmaller) return Error(ErrorCode::kInvalidArgument, "unknown overlap");
  GANTRY_RETURN_IF_ERROR(detail::check_range("iou", options.iou, 0, 1));
  return detail::check_range("max_count", options.max_count, 1, detail::kMaxK);
}

Result<std::vector<std::size_t>> nms(Span<const Box> boxes, Span<const float> scores, double iou, std::size_t max_count,
                                     const CallContext& call) try {
  GANTRY_RETURN_IF_ERROR(check(boxes, scores, iou));
  const Limits limits{{iou}, max_count, call};
  const std::vector<std::uint32_t> order = detail::order_by_score(scores);
  return kept_of(one_group(order), boxes, order, limits);
} catch (const std::bad_alloc&) {
  return out_of_memory(boxes.size());
}

Result<std::vector<std::size_t>> batched_nms(Span<const Box> boxes, Span<const float> scores,
                                             Span<const std::int64_t> classes, double iou, Suppress suppress,
                                             std::size_t max_count, const CallContext& call) {
  return batched(boxes, scores, classes, suppress, {{iou}, max_count, call});
}

Result<std::vector<std::size_t>> batched_nms(Span<const Box> boxes, Span<const float> scores,
                                             Span<const std::int64_t> classes, const Nms& options,
                                             const CallContext& call) {
  GANTRY_RETURN_IF_ERROR(check_nms(options));
  return batched(
      boxes, scores, classes, options.suppress,
      {{options.iou, options.overlap, options.inclusive}, static_cast<std::size_t>(options.max_count), call});
}

}  // namespace gantry::inline GANTRY_ABI::detect
