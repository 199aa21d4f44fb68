// SPDX-License-Identifier: Apache-2.0
// detect.refine and detect.square: facenet_pytorch, models/utils/detect_face.py.
#include <algorithm>
#include <gantry/detect/cascade.hpp>
#include <gantry/detect/nms.hpp>
#include <limits>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/detect/box_sides.hpp"
#include "ops/detect/candidates.hpp"
#include "ops/detect/detection_columns.hpp"
#include "ops/detect/head_tensor.hpp"
#include "ops/detect/score_order.hpp"
#include "ops/parameters.hpp"
#include "ops/picture_axes.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

using RefinerAnswers = std::tuple<Detections, std::vector<Tensors>>;

/// A detection, and how the model moves its sides.
struct Judged {
  Detection detection;
  Tensor moves;
};

Result<Keypoints> points_of(const Refine& options, const Tensors& answer, const Detection& one) {
  GANTRY_ASSIGN_OR_RETURN(auto tensor, detail::head_tensor(answer, options.points, {{"2 * n", 0}}));
  const auto count = static_cast<std::size_t>(tensor.shape()[0]) / 2;
  if (tensor.shape()[0] % 2 != 0)
    return Error(ErrorCode::kInvalidArgument,
                 detail::tensor_text(options.points) + ": expected as many x as y, got " + tensor.to_string());
  const float* const shares = detail::values_of(tensor);
  const detail::BoxSides sides(one.box, options.inclusive);
  std::vector<Keypoint> points;
  for (std::size_t i = 0; i < count; ++i) points.push_back(sides.point(shares[i], shares[count + i], one.score));
  return Keypoints(std::move(points));
}

/// The detection with its new score and points; nullopt if the score is too low.
Result<std::optional<Judged>> judged(const Refine& options, const Detection& before, const Tensors& answer) {
  GANTRY_ASSIGN_OR_RETURN(auto scores, detail::head_tensor(answer, options.scores, {{"C", options.foreground + 1}}));
  GANTRY_ASSIGN_OR_RETURN(auto moves, detail::head_tensor(answer, options.boxes, {4}));
  const float score = detail::values_of(scores)[options.foreground];
  if (!(score > options.score)) return std::optional<Judged>();
  Judged now{before, std::move(moves)};
  now.detection.score = score;
  if (!options.points.empty()) {
    GANTRY_ASSIGN_OR_RETURN(now.detection.keypoints, points_of(options, answer, now.detection));
  }
  return std::optional<Judged>(std::move(now));
}

/// Indices that stay, the best first.
Result<std::vector<std::size_t>> kept_of(const Refine& options, const Detections& found, const CallContext& call) {
  const detail::DetectionColumns columns(found);
  if (options.iou)
    return nms(Span<const Box>(columns.boxes), Span<const float>(columns.scores), *options.iou,
               std::numeric_limits<std::size_t>::max(), call);
  const std::vector<std::uint32_t> order = detail::order_by_score(Span<const float>(columns.scores));
  return std::vector<std::size_t>(order.begin(), order.end());
}

Result<Detections> run_refine(const Refine& options, const RefinerAnswers& input, const CallContext& call) {
  const auto& [detections, answers] = input;
  if (answers.size() != detections.size())
    return Error(ErrorCode::kInvalidArgument, "expected what a model gave for each of " +
                                                  std::to_string(detections.size()) + " detections, got " +
                                                  std::to_string(answers.size()));
  std::vector<Detection> found;
  std::vector<Tensor> moves;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    auto one = judged(options, detections[i], answers[i]);
    if (!one) return std::move(one).error().within("answer " + std::to_string(i));
    if (!*one) continue;
    found.push_back(std::move((*one)->detection));
    moves.push_back(std::move((*one)->moves));
  }
  Detections stayed(std::move(found));
  GANTRY_ASSIGN_OR_RETURN(auto kept, kept_of(options, stayed, call));
  for (const std::size_t i : kept)
    stayed[i].box = detail::BoxSides(stayed[i].box, options.inclusive).moved(detail::values_of(moves[i]));
  detail::keep_frame_of(call, 0);
  return detail::taken(std::move(stayed), kept);
}

Result<void> check(const Refine& options) {
  GANTRY_RETURN_IF_ERROR(detail::check_range("score", options.score, 0, 1));
  GANTRY_RETURN_IF_ERROR(detail::check_range("iou", options.iou.value_or(0), 0, 1));
  GANTRY_RETURN_IF_ERROR(detail::check_range("foreground", options.foreground, 0, detail::kMaxSide));
  GANTRY_RETURN_IF_ERROR(detail::check_tensor_name("scores", options.scores));
  return detail::check_tensor_name("boxes", options.boxes);
}

Box squared(const Box& box) {
  const float width = box.x1 - box.x0, height = box.y1 - box.y0;
  const float side = std::max(width, height);
  const float x0 = box.x0 + width * 0.5f - side * 0.5f;
  const float y0 = box.y0 + height * 0.5f - side * 0.5f;
  return {x0, y0, x0 + side, y0 + side};
}

}  // namespace

Stage<RefinerAnswers, Detections> refine(const Refine& options) {
  std::string text = "score=" + detail::to_text(options.score);
  if (options.iou) text += ", iou=" + detail::to_text(*options.iou);
  text += std::string(", inclusive=") + (options.inclusive ? "true" : "false") +
          ", foreground=" + std::to_string(options.foreground) + ", scores=" + options.scores +
          ", boxes=" + options.boxes;
  if (!options.points.empty()) text += ", points=" + options.points;
  return detail::make_op<RefinerAnswers, Detections>(
      "detect.refine", options, std::move(text), check(options),
      [](const Refine& p, RefinerAnswers&& input, const CallContext& call) { return run_refine(p, input, call); });
}

Stage<Detections, Detections> square() {
  return detail::make_op<Detections, Detections>("detect.square", detail::NoParameters{}, "", {},
                                                 [](const detail::NoParameters&, Detections&& detections) {
                                                   for (Detection& one : detections) one.box = squared(one.box);
                                                   return std::move(detections);
                                                 });
}

}  // namespace gantry::inline GANTRY_ABI::detect
