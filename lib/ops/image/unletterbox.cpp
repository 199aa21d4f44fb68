// SPDX-License-Identifier: Apache-2.0
// image.unletterbox: ultralytics, utils/ops.py, scale_boxes() and clip_boxes(): the offset is taken off, what is left
// divided by the gain, all in f32. Compiled without contraction.
#include <algorithm>
#include <gantry/image.hpp>
#include <string>
#include <utility>

#include "ops/image/image_op.hpp"
#include "ops/parameters.hpp"

namespace gantry::image {
namespace {

constexpr std::int64_t kCorners = 4;

Error no_frame() {
  return Error(
      ErrorCode::kFailedPrecondition,
      "nobody knows which picture the boxes are of: image.decode or another image op has to come before the "
      "model in the same pipeline, or a stage that calls CallContext::set_frame(); of what is made of several crops "
      "or branches together there is none, so this op stands before that, or behind a select");
}

/// One axis of the input, and how long the picture is along it.
struct Side {
  float offset;
  float gain;
  float length;

  Side(const FrameAxis& axis, std::int64_t pixels)
      : offset(static_cast<float>(axis.offset)),
        gain(static_cast<float>(axis.gain)),
        length(static_cast<float>(pixels)) {}
  /// NaN stays NaN.
  float back(float now, bool clip) const {
    const float own = (now - offset) / gain;
    return clip && own < 0 ? 0 : clip && own > length ? length : own;
  }
  /// In ascending order again where the axis is mirrored.
  std::pair<float, float> back(float begin, float end, bool clip) const {
    return gain < 0 ? std::pair(back(end, clip), back(begin, clip)) : std::pair(back(begin, clip), back(end, clip));
  }
};

Result<Tensor> to_picture(const Unletterbox& options, const Tensor& boxes, const CallContext& call) {
  if (boxes.dtype() != DType::kF32 || boxes.rank() != 2 || boxes.shape()[1] < kCorners)
    return Error(ErrorCode::kInvalidArgument,
                 "takes boxes as f32[N, 4] (x0, y0, x1, y1), or with more columns, got " + boxes.to_string());
  if (!boxes.device().is_cpu())
    return Error(ErrorCode::kInvalidArgument, "takes boxes on the CPU, got " + boxes.to_string());
  const Frame* const frame = call.frame();
  if (frame == nullptr) return no_frame();
  auto moved = boxes.clone();
  if (!moved) return moved;
  const Side across(frame->x, frame->is_turned ? frame->height : frame->width);
  const Side down(frame->y, frame->is_turned ? frame->width : frame->height);
  const std::int64_t columns = boxes.shape()[1];
  auto* box = static_cast<float*>(moved->mutable_data());
  for (std::int64_t i = 0; i < boxes.shape()[0]; ++i, box += columns) {
    auto [x0, x1] = across.back(box[0], box[2], options.clip);
    auto [y0, y1] = down.back(box[1], box[3], options.clip);
    if (frame->is_turned) std::swap(x0, y0), std::swap(x1, y1);
    box[0] = x0, box[1] = y0, box[2] = x1, box[3] = y1;
  }
  return moved;
}

}  // namespace

Stage<Tensor, Tensor> unletterbox(const Unletterbox& options) {
  return detail::make_op<Tensor, Tensor>("image.unletterbox", options, options.clip ? "clip=true" : "clip=false", {},
                                         to_picture);
}

}  // namespace gantry::image
