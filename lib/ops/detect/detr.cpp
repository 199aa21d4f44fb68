// SPDX-License-Identifier: Apache-2.0
// detect.detr: facebookresearch/detr, models/detr.py, PostProcess; with sigmoid, Deformable-DETR's.
#include <gantry/detect/decoders.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/detect/activation.hpp"
#include "ops/detect/box_coders.hpp"
#include "ops/detect/class_scores.hpp"
#include "ops/detect/head_tensor.hpp"
#include "ops/detect/picture_area.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

Result<Detections> run_detr(const Detr& options, const Tensors& outputs, const CallContext& call) {
  const bool has_background = options.activation == Activation::kSoftmax;
  GANTRY_ASSIGN_OR_RETURN(auto boxes, detail::head_tensor(outputs, options.boxes, {"N", 4}));
  const std::int64_t count = boxes.shape()[0];
  GANTRY_ASSIGN_OR_RETURN(auto scores,
                          detail::head_tensor(outputs, options.scores, {count, {"C", has_background ? 2 : 1}}));
  GANTRY_ASSIGN_OR_RETURN(auto area, detail::picture_area(options.width, options.height, call));
  const std::int64_t classes = scores.shape()[1];
  const detail::ClassScores table{detail::values_of(scores), count, classes, options.activation,
                                  has_background ? classes - 1 : -1};
  const float* const shares = detail::values_of(boxes);
  return detail::detections_of_rows(
      detail::best_of(table, options.candidates, !has_background), classes,
      [&](std::int64_t row) { return area.of(detail::box_of(BoxFormat::kCxcywh, shares + 4 * row)); });
}

Result<void> check(const Detr& params) {
  GANTRY_RETURN_IF_ERROR(detail::check_candidates(params.candidates));
  if (params.activation != Activation::kSoftmax && params.activation != Activation::kSigmoid)
    return Error(ErrorCode::kInvalidArgument, "activation must be softmax or sigmoid");
  GANTRY_RETURN_IF_ERROR(detail::check_tensor_name("boxes", params.boxes));
  GANTRY_RETURN_IF_ERROR(detail::check_tensor_name("scores", params.scores));
  GANTRY_RETURN_IF_ERROR(detail::check_picture_side("width", params.width));
  return detail::check_picture_side("height", params.height);
}

}  // namespace

Stage<Tensors, Detections> detr(const Detr& options) {
  const Detr params = detail::prepared(options);
  return detail::make_op<Tensors, Detections>(
      "detect.detr", params,
      detail::to_text(params.candidates) + ", activation=" + detail::activation_name(params.activation) +
          ", boxes=" + params.boxes + ", scores=" + params.scores + ", width=" + std::to_string(params.width) +
          ", height=" + std::to_string(params.height),
      check(params),
      [](const Detr& p, Tensors&& outputs, const CallContext& call) { return run_detr(p, outputs, call); });
}

}  // namespace gantry::inline GANTRY_ABI::detect
