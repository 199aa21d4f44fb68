// SPDX-License-Identifier: Apache-2.0
// detect.clip and detect.to_picture: detections clipped to the picture, and in its own pixels.
#include <gantry/detect/detections.hpp>
#include <tuple>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/detect/moved_to_picture.hpp"
#include "ops/parameters.hpp"
#include "ops/picture_axes.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

struct ToPicture {
  bool clip;
};

Result<Detections> clip_detections(Detections&& detections, const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(auto axes, detail::picture_axes(call, "boxes"));
  for (Detection& one : detections) {
    one.box = axes.clipped(one.box);
    for (Keypoint& point : one.keypoints) std::tie(point.x, point.y) = axes.clipped(point.x, point.y);
  }
  return std::move(detections);
}

}  // namespace

Stage<Detections, Detections> clip() {
  return detail::make_op<Detections, Detections>(
      "detect.clip", detail::NoParameters{}, "", {},
      [](const detail::NoParameters&, Detections&& detections, const CallContext& call) {
        return clip_detections(std::move(detections), call);
      });
}

Stage<Detections, Detections> to_picture(bool clip) {
  return detail::make_op<Detections, Detections>(
      "detect.to_picture", ToPicture{clip}, clip ? "" : "clip=false", {},
      [](const ToPicture& p, Detections&& detections, const CallContext& call) {
        return detail::moved_to_picture(std::move(detections), p.clip, call);
      });
}

}  // namespace gantry::inline GANTRY_ABI::detect

namespace gantry::inline GANTRY_ABI::detail {

Result<Detections> moved_to_picture(Detections&& detections, bool clip, const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(auto axes, picture_axes(call, "boxes"));
  const Frame frame = *call.frame();
  for (Detection& one : detections) {
    one.box = axes.back(one.box, clip);
    for (Keypoint& point : one.keypoints) std::tie(point.x, point.y) = axes.back(point.x, point.y, clip);
    one.soft_mask = one.soft_mask.within(frame);
  }
  call.set_frame(Frame::of(frame.width, frame.height));
  return std::move(detections);
}

}  // namespace gantry::inline GANTRY_ABI::detail
