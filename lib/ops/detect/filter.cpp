// SPDX-License-Identifier: Apache-2.0
// detect.filter, detect.label and detect.boxes_of.
#include <algorithm>
#include <cmath>
#include <gantry/detect/detections.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

struct Label {
  Labels labels;
};

Result<void> check(const Filter& filter) {
  if (filter.score && !std::isfinite(*filter.score))
    return Error(ErrorCode::kInvalidArgument, "score must be finite, got " + detail::to_text(*filter.score));
  for (const float score : filter.class_scores)
    if (!std::isfinite(score))
      return Error(ErrorCode::kInvalidArgument, "class_scores must be finite, got " + detail::to_text(score));
  if (!(filter.min_side >= 0 && std::isfinite(filter.min_side)))
    return Error(ErrorCode::kInvalidArgument, "min_side must be 0 or more, got " + detail::to_text(filter.min_side));
  for (const std::int64_t index : filter.classes)
    if (index < 0) return Error(ErrorCode::kInvalidArgument, "there is no class " + std::to_string(index));
  return detail::check_range("max_count", filter.max_count, 0, detail::kMaxK);
}

/// The filter's classes must be sorted. A NaN fails every comparison.
bool stays(const Filter& filter, const Detection& one) {
  if (filter.score && !(one.score >= *filter.score)) return false;
  if (filter.min_side > 0 && !(one.box.width() >= filter.min_side && one.box.height() >= filter.min_side)) return false;
  return filter.classes.empty() || std::binary_search(filter.classes.begin(), filter.classes.end(), one.index);
}

Result<Detections> filtered(const Filter& filter, Detections&& detections) {
  const auto limits = static_cast<std::int64_t>(filter.class_scores.size());
  const auto most = filter.max_count == 0 ? detections.size() : static_cast<std::size_t>(filter.max_count);
  std::vector<Detection> kept;
  for (Detection& one : detections) {
    if (kept.size() == most) break;
    if (limits > 0 && (one.index < 0 || one.index >= limits))
      return Error(ErrorCode::kInvalidArgument,
                   "class " + std::to_string(one.index) + " has no score; there are " + std::to_string(limits));
    if (limits > 0 && !(one.score >= filter.class_scores[static_cast<std::size_t>(one.index)])) continue;
    if (stays(filter, one)) kept.push_back(std::move(one));
  }
  return Result<Detections>(Detections(std::move(kept)));
}

Result<Detections> labelled(const Labels& labels, Detections&& detections) {
  for (Detection& one : detections) {
    GANTRY_ASSIGN_OR_RETURN(one.label, labels.of(one.index));
  }
  return std::move(detections);
}

std::string text_of(const Filter& filter) {
  std::string text;
  if (filter.score) text += ", score=" + detail::to_text(*filter.score);
  if (!filter.class_scores.empty()) text += ", class_scores=" + detail::to_text(filter.class_scores);
  if (!filter.classes.empty()) text += ", classes=" + detail::to_text(filter.classes);
  if (filter.min_side > 0) text += ", min_side=" + detail::to_text(filter.min_side);
  if (filter.max_count > 0) text += ", max_count=" + std::to_string(filter.max_count);
  return text.empty() ? text : text.substr(2);
}

}  // namespace

Stage<Detections, Detections> filter(const Filter& filter) {
  Filter sorted = filter;
  std::sort(sorted.classes.begin(), sorted.classes.end());
  return detail::make_op<Detections, Detections>("detect.filter", std::move(sorted), text_of(filter), check(filter),
                                                 [](const Filter& p, Detections&& detections) -> Result<Detections> {
                                                   return filtered(p, std::move(detections));
                                                 });
}

Stage<Detections, Detections> label(Labels labels) {
  Result<void> check;
  if (labels.empty()) check = Error(ErrorCode::kInvalidArgument, "labels are empty");
  std::string text = "labels=" + std::to_string(labels.size());
  return detail::make_op<Detections, Detections>(
      "detect.label", Label{std::move(labels)}, std::move(text), std::move(check),
      [](const Label& p, Detections&& detections) { return labelled(p.labels, std::move(detections)); });
}

Stage<Detections, Boxes> boxes_of() {
  return detail::make_op<Detections, Boxes>("detect.boxes_of", detail::NoParameters{}, "", {},
                                            [](const detail::NoParameters&, Detections&& detections) -> Result<Boxes> {
                                              std::vector<Box> boxes;
                                              boxes.reserve(detections.size());
                                              for (const Detection& one : detections) boxes.push_back(one.box);
                                              return Boxes(std::move(boxes));
                                            });
}

}  // namespace gantry::inline GANTRY_ABI::detect
