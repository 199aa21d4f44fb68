// SPDX-License-Identifier: Apache-2.0
// image.unletterbox, as scale_boxes() and clip_boxes() of ultralytics' utils/ops.py: (coordinate - offset) / gain, all
// in f32.
#include <gantry/image.hpp>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/image_op.hpp"
#include "ops/parameters.hpp"
#include "ops/picture_axes.hpp"

namespace gantry::inline GANTRY_ABI::image {
namespace {

constexpr std::int64_t kCorners = 4;

Result<Tensor> to_picture(const Unletterbox& options, const Tensor& boxes, const CallContext& call) {
  if (boxes.dtype() != DType::kF32 || boxes.rank() != 2 || boxes.shape()[1] < kCorners)
    return Error(ErrorCode::kInvalidArgument,
                 "takes boxes as f32[N, 4] (x0, y0, x1, y1), or with more columns, got " + boxes.to_string());
  if (!boxes.device().is_cpu())
    return Error(ErrorCode::kInvalidArgument, "takes boxes on the CPU, got " + boxes.to_string());
  GANTRY_ASSIGN_OR_RETURN(auto axes, detail::picture_axes(call, "boxes"));
  auto moved = boxes.clone();
  if (!moved) return moved;
  const std::int64_t columns = boxes.shape()[1];
  auto* box = static_cast<float*>(moved->mutable_data());
  for (std::int64_t i = 0; i < boxes.shape()[0]; ++i, box += columns) {
    const gantry::Box own = axes.back(gantry::Box{box[0], box[1], box[2], box[3]}, options.clip);
    box[0] = own.x0, box[1] = own.y0, box[2] = own.x1, box[3] = own.y1;
  }
  return moved;
}

}  // namespace

Stage<Tensor, Tensor> unletterbox(const Unletterbox& options) {
  return detail::make_op<Tensor, Tensor>("image.unletterbox", options, options.clip ? "clip=true" : "clip=false", {},
                                         to_picture);
}

}  // namespace gantry::inline GANTRY_ABI::image
