// SPDX-License-Identifier: Apache-2.0
// Any bytes as boxes, scores and classes: what nms and batched_nms keep is what their definition keeps, pair by pair.
// Compiled without contraction.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <gantry/detect/nms.hpp>
#include <limits>
#include <numeric>
#include <vector>

#include "fuzz/detect_input.hpp"
#include "fuzz/require.hpp"

namespace {

using namespace gantry;
using detect::Suppress;
using test::require;
using Indices = std::vector<std::size_t>;

constexpr std::size_t kMostBoxes = 1100;
constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

struct Found {
  std::vector<Box> boxes;
  std::vector<float> scores;
  std::vector<std::int64_t> classes;

  void add(const Box& box, float score, std::int64_t label) {
    boxes.push_back(box);
    scores.push_back(score);
    classes.push_back(label);
  }
};

/// Each box of some bytes: as floats, or as small whole numbers, where many are equal and many touch.
Found found_in(test::DetectInput& input) {
  const bool is_raw = input.flag();
  const int classes = 1 + input.byte() % 8;
  const std::uint8_t kind = input.byte();
  Found found;
  while (input.has_more() && found.boxes.size() < kMostBoxes) {
    const auto side = [&] { return is_raw ? input.raw_float() : static_cast<float>(input.byte() % 64); };
    const float x0 = side(), y0 = side(), x1 = side(), y1 = side();
    const float score = is_raw ? input.raw_float() : static_cast<float>(input.byte() % 16) / 16;
    const std::int64_t label = input.byte() % classes;
    // Far apart, some of them below 0.
    found.add({x0, y0, x1, y1}, score, is_raw ? (label % 3 - 1) * 0x10000001 + label : label);
  }
  // The same again: scores are sorted in another way from 256 on, and kTorchvision changes its own behind 1000.
  const std::size_t own = found.boxes.size(), wanted = kind == 255 ? kMostBoxes : kind >= 248 ? 300 : 0;
  for (std::size_t i = 0; own > 0 && found.boxes.size() < wanted; ++i)
    found.add(found.boxes[i % own], found.scores[(i * 7) % own], found.classes[(i * 3) % own]);
  return found;
}

double iou_of(test::DetectInput& input) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double kLimits[] = {0, -0.0, -1, 1, 2, 1e-45, 1e300, kInfinity, -kInfinity, std::nan("")};
  const std::size_t value = input.byte();
  return value < 240 ? static_cast<double>(value) / 239 : kLimits[value % std::size(kLimits)];
}

/// NaN comes first, then the largest.
bool is_better(float a, float b) {
  return std::isnan(a) ? !std::isnan(b) : a > b;
}

float overlap(const Box& a, const Box& b) {
  const auto larger = [](float x, float y) { return x < y ? y : x; };
  const auto smaller = [](float x, float y) { return y < x ? y : x; };
  const float width = larger(0.0f, smaller(a.x1, b.x1) - larger(a.x0, b.x0));
  const float height = larger(0.0f, smaller(a.y1, b.y1) - larger(a.y0, b.y0));
  const float both = width * height;
  return both / (a.width() * a.height() + b.width() * b.height() - both);
}

template <class MaySuppress>
Indices by_definition(const std::vector<Box>& boxes, const std::vector<float>& scores, double iou,
                      const MaySuppress& may_suppress) {
  Indices order(boxes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return is_better(scores[a], scores[b]); });
  Indices kept;
  for (const std::size_t i : order)
    if (std::none_of(kept.begin(), kept.end(), [&](std::size_t k) {
          return may_suppress(k, i) && static_cast<double>(overlap(boxes[k], boxes[i])) > iou;
        }))
      kept.push_back(i);
  return kept;
}

/// torchvision's batched_nms of few boxes: moved apart by class, then all among each other.
std::vector<Box> moved_apart(const Found& found) {
  float largest = -std::numeric_limits<float>::infinity();
  for (const Box& box : found.boxes)
    for (const float side : {box.x0, box.y0, box.x1, box.y1})
      if (std::isnan(side) || side > largest) largest = std::isnan(largest) ? largest : side;
  std::vector<Box> moved = found.boxes;
  for (std::size_t i = 0; i < moved.size(); ++i) {
    const float by = static_cast<float>(found.classes[i]) * (largest + 1.0f);
    Box& box = moved[i];
    box = {box.x0 + by, box.y0 + by, box.x1 + by, box.y1 + by};
  }
  return moved;
}

void check_prefix(const Indices& all, const Indices& first, std::size_t count) {
  require(first.size() == std::min(all.size(), count) && std::equal(first.begin(), first.end(), all.begin()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  test::DetectInput input(data, size);
  const double iou = iou_of(input);
  const std::size_t most = input.byte();
  const Found found = found_in(input);
  const Span<const Box> boxes(found.boxes);
  const Span<const float> scores(found.scores);
  const auto nms = [&](std::size_t count) { return detect::nms(boxes, scores, iou, count); };
  const auto batched = [&](Suppress suppress, std::size_t count) {
    return detect::batched_nms(boxes, scores, Span<const std::int64_t>(found.classes), iou, suppress, count);
  };

  const auto all = nms(kAll);
  require(all.ok() != std::isnan(iou));
  if (!all) return 0;
  const auto anything = [](std::size_t, std::size_t) { return true; };
  const auto same_class = [&](std::size_t a, std::size_t b) { return found.classes[a] == found.classes[b]; };
  require(*all == by_definition(found.boxes, found.scores, iou, anything));
  require(*all == batched(Suppress::kAny, kAll).value());
  check_prefix(*all, nms(most).value(), most);

  const Indices each = batched(Suppress::kPerClass, kAll).value();
  require(each == by_definition(found.boxes, found.scores, iou, same_class));
  const Indices moved = batched(Suppress::kTorchvision, kAll).value();
  require(moved == (found.boxes.size() > 1000 ? each : by_definition(moved_apart(found), found.scores, iou, anything)));
  for (const Suppress suppress : {Suppress::kPerClass, Suppress::kAny, Suppress::kTorchvision})
    check_prefix(batched(suppress, kAll).value(), batched(suppress, most).value(), most);
  return 0;
}
