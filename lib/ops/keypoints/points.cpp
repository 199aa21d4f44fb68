// SPDX-License-Identifier: Apache-2.0
// keypoints.points and keypoints.to_picture.
#include <gantry/keypoints.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/return_if_error.hpp"
#include "ops/detect/head_tensor.hpp"
#include "ops/detect/picture_area.hpp"
#include "ops/picture_axes.hpp"

namespace gantry::inline GANTRY_ABI::keypoints {
namespace {

struct ToPicture {
  bool clip;
};

Result<Keypoints> read_points(const Points& options, const Tensor& tensor, const CallContext& call) {
  const bool has_scores = tensor.rank() == 2 && tensor.shape()[1] == 3;
  GANTRY_ASSIGN_OR_RETURN(auto rows, detail::head_tensor(tensor, "the points", {"N", has_scores ? 3 : 2}));
  detail::PictureArea area;
  if (options.relative) {
    GANTRY_ASSIGN_OR_RETURN(area, detail::picture_area(options.width, options.height, call));
  }
  std::vector<Keypoint> points(static_cast<std::size_t>(rows.shape()[0]));
  const float* row = detail::values_of(rows);
  for (Keypoint& point : points) {
    point = {row[options.y_first ? 1 : 0], row[options.y_first ? 0 : 1], has_scores ? row[2] : 1.0f};
    if (options.relative) std::tie(point.x, point.y) = area.of(point.x, point.y);
    row += has_scores ? 3 : 2;
  }
  return Keypoints(std::move(points));
}

Result<Keypoints> move_points(const ToPicture& options, Keypoints&& points, const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(auto axes, detail::picture_axes(call, "keypoints"));
  for (Keypoint& point : points) std::tie(point.x, point.y) = axes.back(point.x, point.y, options.clip);
  call.set_frame(Frame::of(call.frame()->width, call.frame()->height));
  return std::move(points);
}

Result<void> check(const Points& options) {
  GANTRY_RETURN_IF_ERROR(detail::check_are_shares(options.relative, options.width, options.height));
  GANTRY_RETURN_IF_ERROR(detail::check_picture_side("width", options.width));
  return detail::check_picture_side("height", options.height);
}

std::string text_of(const Points& options) {
  std::string text = options.y_first ? ", y_first=true" : "";
  if (options.relative) text += ", relative=true";
  if (options.width > 0) text += ", width=" + std::to_string(options.width);
  if (options.height > 0) text += ", height=" + std::to_string(options.height);
  return text.empty() ? text : text.substr(2);
}

}  // namespace

Stage<Tensor, Keypoints> points(const Points& options) {
  return detail::make_op<Tensor, Keypoints>(
      "keypoints.points", options, text_of(options), check(options),
      [](const Points& p, Tensor&& tensor, const CallContext& call) { return read_points(p, tensor, call); });
}

Stage<Keypoints, Keypoints> to_picture(bool clip) {
  return detail::make_op<Keypoints, Keypoints>("keypoints.to_picture", ToPicture{clip}, clip ? "" : "clip=false", {},
                                               [](const ToPicture& p, Keypoints&& points, const CallContext& call) {
                                                 return move_points(p, std::move(points), call);
                                               });
}

}  // namespace gantry::inline GANTRY_ABI::keypoints
