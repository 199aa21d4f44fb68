// SPDX-License-Identifier: Apache-2.0
// YOLO decoders. v5 and v8 follow ultralytics' non_max_suppression() up to the suppression; v8's raw heads follow its
// Detect and dist2bbox(); YOLOX follows its demo_postprocess().
#include <cmath>
#include <gantry/detect/grid.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/return_if_error.hpp"
#include "ops/detect/activation.hpp"
#include "ops/detect/box_coders.hpp"
#include "ops/detect/candidates.hpp"
#include "ops/detect/cells.hpp"
#include "ops/detect/head_tensor.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

using detail::Candidate;
using detail::HeadAxis;
using detail::TopCandidates;

constexpr std::int64_t kMaxClassCount = 65536;
constexpr std::int64_t kFewestBins = 2, kMostBins = 256;
constexpr std::int64_t kMostKeypoints = 1024;
constexpr std::int64_t kOfBox = 4;
constexpr const char* kHead = "the head";

const char* to_text(HeadLayout layout) {
  return layout == HeadLayout::kChannelsFirst ? "channels_first" : "channels_last";
}

std::string classes_text(bool multi_label, std::int64_t class_count) {
  return std::string(", multi_label=") + (multi_label ? "true" : "false") +
         ", class_count=" + std::to_string(class_count);
}

std::string keypoints_text(const Yolov8& params) {
  return (params.keypoints > 0 ? ", keypoints=" + std::to_string(params.keypoints) : std::string()) +
         (params.keypoint_scores ? "" : ", keypoint_scores=false");
}

template <class P>
Result<void> check_classes(const P& params) {
  GANTRY_RETURN_IF_ERROR(detail::check_candidates(params.candidates));
  return detail::check_range("class_count", params.class_count, 0, kMaxClassCount);
}

/// Channels of a head: before the classes, the classes, after them.
struct Channels {
  std::int64_t before;
  std::int64_t class_count;  ///< 0: all that are left
  std::int64_t behind = 0;

  HeadAxis axis() const {
    static constexpr const char* kNames[] = {"4 + C", "5 + C", "4 * bins + C"};
    const char* const name = before == kOfBox ? kNames[0] : before == kOfBox + 1 ? kNames[1] : kNames[2];
    HeadAxis axis(name, before + (class_count > 0 ? class_count : 1) + behind);
    if (behind > 0) axis.text += " + " + std::to_string(behind);
    if (class_count > 0 || before > kOfBox + 1 || behind > 0)
      axis.text += " (at least " + std::to_string(axis.least) + ")";
    return axis;
  }
  std::int64_t classes_of(std::int64_t columns) const {
    return class_count > 0 ? class_count : columns - before - behind;
  }
};

// ---- heads with objectness: v5 and YOLOX

/// Rows of centre, width, height, objectness, classes.
struct ObjectnessHead {
  Tensor tensor;
  std::int64_t count;
  std::int64_t columns;
  std::int64_t classes;

  const float* row(std::int64_t index) const { return detail::values_of(tensor) + index * columns; }
};

Result<ObjectnessHead> objectness_head(const Tensor& tensor, const HeadAxis& count, std::int64_t class_count,
                                       const std::string& what = kHead) {
  constexpr std::int64_t kBefore = kOfBox + 1;
  GANTRY_ASSIGN_OR_RETURN(auto dense,
                          detail::head_tensor(tensor, what, {count, Channels{kBefore, class_count}.axis()}));
  const std::int64_t rows = dense.shape()[0], columns = dense.shape()[1];
  return ObjectnessHead{std::move(dense), rows, columns, class_count > 0 ? class_count : columns - kBefore};
}

/// Scores are objectness * class. Skips rows whose objectness is not above `least`.
std::vector<Candidate> best_of(const ObjectnessHead& head, const Candidates& rules, bool multi_label, float least) {
  TopCandidates top(rules);
  for (std::int64_t i = 0; i < head.count; ++i) {
    const float* const row = head.row(i);
    const float objectness = row[kOfBox];
    if (!(objectness > least)) continue;
    const float* const classes = row + kOfBox + 1;
    detail::add_row(top, rules, multi_label, i, head.classes, [&](std::int64_t c) { return classes[c] * objectness; });
  }
  return top.take();
}

Result<Detections> run_yolov5(const Yolov5& options, const Tensor& tensor) {
  GANTRY_ASSIGN_OR_RETURN(auto head, objectness_head(tensor, "N", options.class_count));
  return detail::detections_of_rows(
      best_of(head, options.candidates, options.multi_label, options.candidates.score), head.classes,
      [&](std::int64_t row) { return detail::box_of(BoxFormat::kCxcywh, head.row(row)); });
}

Result<Detections> run_yolox(const Yolox& options, const Tensor& tensor) {
  const detail::Cells cells(options.width, options.height, options.strides);
  GANTRY_ASSIGN_OR_RETURN(auto head, objectness_head(tensor, cells.count(), options.class_count,
                                                     std::string(kHead) + " of " + cells.to_string()));
  return detail::detections_of_rows(
      best_of(head, options.candidates, options.multi_label, -INFINITY), head.classes, [&](std::int64_t row) {
        const float* const code = head.row(row);
        const detail::Cell cell = cells[row];
        const float four[] = {(code[0] + cell.x) * cell.stride, (code[1] + cell.y) * cell.stride,
                              std::exp(code[2]) * cell.stride, std::exp(code[3]) * cell.stride};
        return detail::box_of(BoxFormat::kCxcywh, four);
      });
}

// ---- heads without objectness: v8

/// A head of either layout: channel c of box n is at c * channel_step + n * box_step.
struct ChannelHead {
  Tensor tensor;
  std::int64_t count;
  std::int64_t classes;
  std::int64_t channel_step;
  std::int64_t box_step;

  const float* channel(std::int64_t index) const { return detail::values_of(tensor) + index * channel_step; }
};

Result<ChannelHead> channel_head(const Tensor& tensor, HeadLayout layout, const HeadAxis& count,
                                 const Channels& channels, const std::string& what = kHead) {
  const bool is_first = layout == HeadLayout::kChannelsFirst;
  const HeadAxis axis = channels.axis();
  GANTRY_ASSIGN_OR_RETURN(auto dense, detail::head_tensor(tensor, what,
                                                          is_first ? std::vector<HeadAxis>{axis, count}
                                                                   : std::vector<HeadAxis>{count, axis}));
  const std::int64_t rows = dense.shape()[is_first ? 1 : 0], columns = dense.shape()[is_first ? 0 : 1];
  return ChannelHead{std::move(dense), rows, channels.classes_of(columns), is_first ? rows : 1, is_first ? 1 : columns};
}

/// For channels_first: loops over classes, then over boxes, which is the order in memory.
std::vector<Candidate> best_by_channel(const ChannelHead& head, std::int64_t first_class, const Candidates& rules,
                                       bool multi_label, const detail::Pointwise& score) {
  TopCandidates top(rules);
  const auto count = static_cast<std::size_t>(head.count);
  std::vector<float> best(multi_label ? 0 : count, rules.score);
  std::vector<std::int64_t> label(best.size(), -1);
  for (std::int64_t c = 0; c < head.classes; ++c) {
    if (multi_label && !detail::passes(rules, c)) continue;
    const float* const values = head.channel(first_class + c);
    for (std::size_t i = 0; i < count; ++i) {
      if (!score.may_pass(values[i])) continue;
      const float value = score(values[i]);
      if (multi_label)
        top.add(value, static_cast<std::int64_t>(i) * head.classes + c);
      else if (value > best[i])
        best[i] = value, label[i] = c;
    }
  }
  for (std::size_t i = 0; i < label.size(); ++i)
    if (label[i] >= 0 && detail::passes(rules, label[i]))
      top.add(best[i], static_cast<std::int64_t>(i) * head.classes + label[i]);
  return top.take();
}

std::vector<Candidate> best_of(const ChannelHead& head, std::int64_t first_class, const Candidates& rules,
                               bool multi_label, Activation activation) {
  if (head.count == 0) return {};  // an empty head may have any number of classes
  const detail::Pointwise score(activation, rules.score);
  if (head.box_step == 1) return best_by_channel(head, first_class, rules, multi_label, score);
  TopCandidates top(rules);
  const float* classes = head.channel(first_class);
  for (std::int64_t i = 0; i < head.count; ++i, classes += head.box_step)
    if (score.may_any_pass(classes, head.classes))
      detail::add_row(top, rules, multi_label, i, head.classes,
                      [&](std::int64_t c) { return score.gated(classes[c]); });
  return top.take();
}

/// The keypoints of a box; their channels follow the classes.
Keypoints keypoints_of(const ChannelHead& head, const Yolov8& options, std::int64_t row) {
  std::vector<Keypoint> points(static_cast<std::size_t>(options.keypoints));
  std::int64_t channel = kOfBox + head.classes;
  const auto next = [&] { return head.channel(channel++)[row * head.box_step]; };
  for (Keypoint& point : points) {
    point.x = next();
    point.y = next();
    point.score = options.keypoint_scores ? next() : 1.0f;
  }
  return Keypoints(std::move(points));
}

/// The box of an exported v8 head.
Box exported_box(const ChannelHead& head, std::int64_t row) {
  float four[kOfBox];
  for (std::int64_t i = 0; i < kOfBox; ++i) four[i] = head.channel(i)[row * head.box_step];
  return detail::box_of(BoxFormat::kCxcywh, four);
}

Result<Detections> run_yolov8(const Yolov8& options, const Tensor& tensor) {
  GANTRY_ASSIGN_OR_RETURN(
      auto head, channel_head(tensor, options.layout, "N",
                              {kOfBox, options.class_count, options.keypoints * (options.keypoint_scores ? 3 : 2)}));
  const auto candidates = best_of(head, kOfBox, options.candidates, options.multi_label, Activation::kNone);
  Detections found =
      detail::detections_of_rows(candidates, head.classes, [&](std::int64_t row) { return exported_box(head, row); });
  if (options.keypoints == 0) return found;
  return detail::with_keypoints(std::move(found), candidates, head.classes,
                                [&](std::int64_t row) { return keypoints_of(head, options, row); });
}

/// The coefficients of each box: f32[N, K], a view.
Result<Tensor> coefficients_of(const ChannelHead& head, HeadLayout layout, std::int64_t first, std::int64_t count) {
  const std::size_t axis = layout == HeadLayout::kChannelsFirst ? 0 : 1;
  auto part = head.tensor.slice(axis, first, first + count);
  if (!part || axis == 1) return part;
  constexpr std::size_t kSwapped[] = {1, 0};
  return part->permute(Span<const std::size_t>(kSwapped));
}

Result<Detections> run_yolov8_seg(const Yolov8Seg& options, const Tensors& outputs) {
  GANTRY_ASSIGN_OR_RETURN(auto prototypes,
                          detail::head_tensor(outputs, options.prototypes, {{"K", 1}, {"H", 1}, {"W", 1}}));
  const std::int64_t count = prototypes.shape()[0];
  const HeadAxis channels("4 + C + K", kOfBox + 1 + count);
  const bool is_first = options.layout == HeadLayout::kChannelsFirst;
  GANTRY_ASSIGN_OR_RETURN(auto tensor, detail::head_tensor(outputs, options.head,
                                                           is_first ? std::vector<HeadAxis>{channels, "N"}
                                                                    : std::vector<HeadAxis>{"N", channels}));
  const std::int64_t classes = tensor.shape()[is_first ? 0 : 1] - kOfBox - count;
  GANTRY_ASSIGN_OR_RETURN(auto head, channel_head(tensor, options.layout, "N", {kOfBox, classes, count}));
  GANTRY_ASSIGN_OR_RETURN(auto coefficients, coefficients_of(head, options.layout, kOfBox + classes, count));
  const auto masks = std::make_shared<const detail::MaskHead>(
      detail::MaskHead{std::move(coefficients), std::move(prototypes), options.stride});
  const auto candidates = best_of(head, kOfBox, options.candidates, options.multi_label, Activation::kNone);
  Detections found =
      detail::detections_of_rows(candidates, classes, [&](std::int64_t row) { return exported_box(head, row); });
  detail::add_soft_masks(found, candidates, classes, masks);
  return found;
}

Result<Detections> run_yolov8_raw(const Yolov8Raw& options, const Tensor& tensor) {
  const detail::Cells cells(options.width, options.height, options.strides);
  const std::int64_t first_class = kOfBox * options.bins;
  GANTRY_ASSIGN_OR_RETURN(auto head,
                          channel_head(tensor, options.layout, cells.count(), {first_class, options.class_count},
                                       std::string(kHead) + " of " + cells.to_string()));
  std::vector<float> scratch(2 * static_cast<std::size_t>(options.bins));
  return detail::detections_of_rows(
      best_of(head, first_class, options.candidates, options.multi_label, Activation::kSigmoid), head.classes,
      [&](std::int64_t row) {
        return detail::distribution_box(cells[row], head.channel(0) + row * head.box_step, options.bins,
                                        head.channel_step, scratch.data());
      });
}

Result<void> check(const Yolov8& params) {
  GANTRY_RETURN_IF_ERROR(detail::check_range("keypoints", params.keypoints, 0, kMostKeypoints));
  if (params.layout > HeadLayout::kChannelsLast) return Error(ErrorCode::kInvalidArgument, "unknown layout");
  return check_classes(params);
}

Result<void> check(const Yolov8Seg& params) {
  if (params.layout > HeadLayout::kChannelsLast) return Error(ErrorCode::kInvalidArgument, "unknown layout");
  GANTRY_RETURN_IF_ERROR(detail::check_side("stride", params.stride));
  GANTRY_RETURN_IF_ERROR(detail::check_tensor_name("head", params.head));
  GANTRY_RETURN_IF_ERROR(detail::check_tensor_name("prototypes", params.prototypes));
  return detail::check_candidates(params.candidates);
}

Result<void> check(const Yolov8Raw& params) {
  if (params.layout > HeadLayout::kChannelsLast) return Error(ErrorCode::kInvalidArgument, "unknown layout");
  GANTRY_RETURN_IF_ERROR(detail::Cells::check(params.width, params.height, params.strides));
  GANTRY_RETURN_IF_ERROR(detail::check_range("bins", params.bins, kFewestBins, kMostBins));
  return check_classes(params);
}

Result<void> check(const Yolox& params) {
  GANTRY_RETURN_IF_ERROR(detail::Cells::check(params.width, params.height, params.strides));
  return check_classes(params);
}

}  // namespace

Stage<Tensor, Detections> yolov5(const Yolov5& options) {
  const Yolov5 params = detail::prepared(options);
  return detail::make_op<Tensor, Detections>(
      "detect.yolov5", params,
      detail::to_text(params.candidates) + classes_text(params.multi_label, params.class_count), check_classes(params),
      [](const Yolov5& p, Tensor&& head) { return run_yolov5(p, head); });
}

Stage<Tensor, Detections> yolov8(const Yolov8& options) {
  const Yolov8 params = detail::prepared(options);
  return detail::make_op<Tensor, Detections>(
      "detect.yolov8", params,
      detail::to_text(params.candidates) + ", layout=" + to_text(params.layout) +
          classes_text(params.multi_label, params.class_count) + keypoints_text(params),
      check(params), [](const Yolov8& p, Tensor&& head) { return run_yolov8(p, head); });
}

Stage<Tensors, Detections> yolov8_seg(const Yolov8Seg& options) {
  const Yolov8Seg params = detail::prepared(options);
  return detail::make_op<Tensors, Detections>(
      "detect.yolov8_seg", params,
      detail::to_text(params.candidates) + ", layout=" + to_text(params.layout) +
          ", multi_label=" + (params.multi_label ? "true" : "false") + ", stride=" + std::to_string(params.stride) +
          ", head=" + params.head + ", prototypes=" + params.prototypes,
      check(params), [](const Yolov8Seg& p, Tensors&& outputs) { return run_yolov8_seg(p, outputs); });
}

Stage<Tensor, Detections> yolov8_raw(const Yolov8Raw& options) {
  const Yolov8Raw params = detail::prepared(options);
  return detail::make_op<Tensor, Detections>(
      "detect.yolov8_raw", params,
      detail::Cells::text_of(params.width, params.height, params.strides) + "bins=" + std::to_string(params.bins) +
          ", " + detail::to_text(params.candidates) + ", layout=" + to_text(params.layout) +
          classes_text(params.multi_label, params.class_count),
      check(params), [](const Yolov8Raw& p, Tensor&& head) { return run_yolov8_raw(p, head); });
}

Stage<Tensor, Detections> yolox(const Yolox& options) {
  const Yolox params = detail::prepared(options);
  return detail::make_op<Tensor, Detections>(
      "detect.yolox", params,
      detail::Cells::text_of(params.width, params.height, params.strides) + detail::to_text(params.candidates) +
          classes_text(params.multi_label, params.class_count),
      check(params), [](const Yolox& p, Tensor&& head) { return run_yolox(p, head); });
}

}  // namespace gantry::inline GANTRY_ABI::detect
