// SPDX-License-Identifier: Apache-2.0
// detect.clip and detect.to_picture: what was found, within the picture and in its own pixels. Compiled without
// contraction.
#include <gantry/detect/detections.hpp>
#include <tuple>
#include <utility>

#include "ops/picture_axes.hpp"

namespace gantry::detect {
namespace {

struct NoParameters {};

struct ToPicture {
  bool clip;
};

Result<Detections> clip_detections(Detections&& detections, const CallContext& call) {
  auto axes = detail::picture_axes(call);
  if (!axes) return std::move(axes).error();
  for (Detection& one : detections) {
    one.box = axes->clipped(one.box);
    for (Keypoint& point : one.keypoints) std::tie(point.x, point.y) = axes->clipped(point.x, point.y);
  }
  return std::move(detections);
}

Result<Detections> move_detections(const ToPicture& options, Detections&& detections, const CallContext& call) {
  auto axes = detail::picture_axes(call);
  if (!axes) return std::move(axes).error();
  for (Detection& one : detections) {
    one.box = axes->back(one.box, options.clip);
    for (Keypoint& point : one.keypoints) std::tie(point.x, point.y) = axes->back(point.x, point.y, options.clip);
  }
  call.set_frame(Frame::of(call.frame()->width, call.frame()->height));
  return std::move(detections);
}

}  // namespace

Stage<Detections, Detections> clip() {
  return detail::make_op<Detections, Detections>(
      "detect.clip", NoParameters{}, "", {}, [](const NoParameters&, Detections&& detections, const CallContext& call) {
        return clip_detections(std::move(detections), call);
      });
}

Stage<Detections, Detections> to_picture(bool clip) {
  return detail::make_op<Detections, Detections>(
      "detect.to_picture", ToPicture{clip}, clip ? "" : "clip=false", {},
      [](const ToPicture& p, Detections&& detections, const CallContext& call) {
        return move_detections(p, std::move(detections), call);
      });
}

}  // namespace gantry::detect
