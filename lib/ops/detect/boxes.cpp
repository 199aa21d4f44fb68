// SPDX-License-Identifier: Apache-2.0
// detect.boxes: heads that give boxes.
#include <gantry/detect/decoders.hpp>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/detect/activation.hpp"
#include "ops/detect/box_coders.hpp"
#include "ops/detect/class_scores.hpp"
#include "ops/detect/head_keypoints.hpp"
#include "ops/detect/head_tensor.hpp"
#include "ops/detect/picture_area.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

constexpr const char* kFormats[] = {"xyxy", "xywh", "cxcywh"};

/// The class of each box, for heads with one score per box.
Result<std::vector<std::int64_t>> labels_of(const BoxHead& options, const Tensors& outputs, std::int64_t count) {
  if (options.labels.empty()) return std::vector<std::int64_t>(static_cast<std::size_t>(count), 0);
  const Tensor* const found = outputs.find(options.labels);
  const bool is_i32 = found != nullptr && found->dtype() == DType::kI32;
  GANTRY_ASSIGN_OR_RETURN(auto tensor,
                          detail::head_tensor(outputs, options.labels, {count}, is_i32 ? DType::kI32 : DType::kI64));
  std::vector<std::int64_t> labels(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < labels.size(); ++i)
    labels[i] = is_i32 ? detail::values_of<std::int32_t>(tensor)[i] : detail::values_of<std::int64_t>(tensor)[i];
  return labels;
}

/// Box coordinates: as given, or relative to an area.
struct BoxPlace {
  const float* values;
  BoxFormat format;
  std::optional<detail::PictureArea> area;

  Box operator()(std::int64_t row) const {
    const Box box = detail::box_of(format, values + 4 * row);
    return area ? area->of(box) : box;
  }
};

using MaskHead = std::shared_ptr<const detail::MaskHead>;

/// Boxes, keypoints and masks of the rows of a head.
struct Rows {
  BoxPlace place;
  detail::HeadKeypoints keypoints;
  MaskHead masks;  ///< nullptr if there are none

  Detections complete(Detections found, const std::vector<detail::Candidate>& candidates, std::int64_t classes) const {
    if (!keypoints.is_empty())
      found = detail::with_keypoints(std::move(found), candidates, classes,
                                     [&](std::int64_t row) { return keypoints.of(row, place.area); });
    detail::add_soft_masks(found, candidates, classes, masks);
    return found;
  }
};

/// For heads with one score per box.
Result<Detections> run_single(const BoxHead& options, const Tensors& outputs, const Tensor& scores, const Rows& rows) {
  if (options.activation == Activation::kSoftmax)
    return Error(
        ErrorCode::kInvalidArgument,
        detail::tensor_text(options.scores) + ": expected f32[N, C] for activation=softmax, got " + scores.to_string());
  GANTRY_ASSIGN_OR_RETURN(auto labels, labels_of(options, outputs, scores.numel()));
  const detail::Pointwise score(options.activation, options.candidates.score);
  detail::TopCandidates top(options.candidates);
  const float* const values = detail::values_of(scores);
  for (std::int64_t i = 0; i < scores.numel(); ++i) {
    const std::int64_t label = labels[static_cast<std::size_t>(i)];
    if (score.may_pass(values[i]) && label >= 0 && label != options.background &&
        detail::passes(options.candidates, label))
      top.add(score(values[i]), i);
  }
  const auto candidates = top.take();
  auto found = detail::detections_of(candidates, rows.place,
                                     [&](std::int64_t row) { return labels[static_cast<std::size_t>(row)]; });
  return rows.complete(std::move(found), candidates, 1);
}

Result<Detections> run_table(const BoxHead& options, const Tensor& scores, const Rows& rows) {
  const std::int64_t count = scores.shape()[0], classes = scores.shape()[1];
  if (options.background >= classes)
    return Error(ErrorCode::kInvalidArgument, detail::tensor_text(options.scores) + ": expected f32[N, C] with class " +
                                                  std::to_string(options.background) + " for the background, got " +
                                                  scores.to_string());
  const detail::ClassScores table{detail::values_of(scores), count, classes, options.activation, options.background};
  const auto candidates = detail::best_of(table, options.candidates, options.multi_label);
  return rows.complete(detail::detections_of_rows(candidates, classes, rows.place), candidates, classes);
}

/// The head's mask values for each box; nullptr if it has none.
Result<MaskHead> mask_head(const BoxHead& options, const Tensors& outputs, std::int64_t count) {
  if (options.masks.empty()) return MaskHead();
  const Tensor* const found = outputs.find(options.masks);
  const bool has_channel = found != nullptr && found->rank() == 4;
  GANTRY_ASSIGN_OR_RETURN(auto masks, has_channel
                                          ? detail::head_tensor(outputs, options.masks, {count, 1, {"h", 1}, {"w", 1}})
                                          : detail::head_tensor(outputs, options.masks, {count, {"h", 1}, {"w", 1}}));
  GANTRY_ASSIGN_OR_RETURN(auto planes, has_channel ? masks.select(1, 0) : masks);
  return MaskHead(std::make_shared<detail::MaskHead>(detail::MaskHead{std::move(planes), {}, 0}));
}

Result<Detections> run_boxes(const BoxHead& options, const Tensors& outputs, const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(auto boxes, detail::head_tensor(outputs, options.boxes, {"N", 4}));
  const std::int64_t count = boxes.shape()[0];
  const Tensor* const found = outputs.find(options.scores);
  const bool is_single = found != nullptr && found->rank() == 1;
  GANTRY_ASSIGN_OR_RETURN(auto scores, is_single ? detail::head_tensor(outputs, options.scores, {count})
                                                 : detail::head_tensor(outputs, options.scores, {count, {"C", 1}}));
  GANTRY_ASSIGN_OR_RETURN(auto keypoints,
                          detail::HeadKeypoints::find(outputs, options.keypoints, options.keypoint_scores, count));
  GANTRY_ASSIGN_OR_RETURN(auto masks, mask_head(options, outputs, count));
  Rows rows{{detail::values_of(boxes), options.format, std::nullopt}, std::move(keypoints), std::move(masks)};
  if (options.relative) {
    GANTRY_ASSIGN_OR_RETURN(rows.place.area, detail::picture_area(options.width, options.height, call));
  }
  return is_single ? run_single(options, outputs, scores, rows) : run_table(options, scores, rows);
}

Result<void> check(const BoxHead& params) {
  GANTRY_RETURN_IF_ERROR(detail::check_candidates(params.candidates));
  if (params.format > BoxFormat::kCxcywh) return Error(ErrorCode::kInvalidArgument, "unknown format");
  if (params.activation > Activation::kSigmoid) return Error(ErrorCode::kInvalidArgument, "unknown activation");
  GANTRY_RETURN_IF_ERROR(detail::check_tensor_name("boxes", params.boxes));
  GANTRY_RETURN_IF_ERROR(detail::check_tensor_name("scores", params.scores));
  if (params.keypoints.empty() && !params.keypoint_scores.empty())
    return Error(ErrorCode::kInvalidArgument, "keypoint_scores are of keypoints, which have no name");
  GANTRY_RETURN_IF_ERROR(detail::check_range("background", params.background, -1, detail::kMaxClass));
  GANTRY_RETURN_IF_ERROR(detail::check_are_shares(params.relative, params.width, params.height));
  GANTRY_RETURN_IF_ERROR(detail::check_picture_side("width", params.width));
  return detail::check_picture_side("height", params.height);
}

const char* to_text(bool flag) {
  return flag ? "true" : "false";
}

std::string keypoints_text(const BoxHead& params) {
  if (params.keypoints.empty()) return {};
  return ", keypoints=" + params.keypoints +
         (params.keypoint_scores.empty() ? "" : ", keypoint_scores=" + params.keypoint_scores);
}

std::string to_text(const BoxHead& params) {
  const auto format = static_cast<std::size_t>(params.format);
  return detail::to_text(params.candidates) + ", format=" + (format < std::size(kFormats) ? kFormats[format] : "?") +
         ", relative=" + to_text(params.relative) + ", width=" + std::to_string(params.width) +
         ", height=" + std::to_string(params.height) + ", boxes=" + params.boxes + ", scores=" + params.scores +
         ", labels=" + params.labels + ", activation=" + detail::activation_name(params.activation) +
         ", background=" + std::to_string(params.background) + ", multi_label=" + to_text(params.multi_label) +
         keypoints_text(params) + (params.masks.empty() ? "" : ", masks=" + params.masks);
}

}  // namespace

Stage<Tensors, Detections> boxes(const BoxHead& options) {
  const BoxHead params = detail::prepared(options);
  return detail::make_op<Tensors, Detections>(
      "detect.boxes", params, to_text(params), check(params),
      [](const BoxHead& p, Tensors&& outputs, const CallContext& call) { return run_boxes(p, outputs, call); });
}

}  // namespace gantry::inline GANTRY_ABI::detect
