// SPDX-License-Identifier: Apache-2.0
// image.flip, as PIL's FLIP_LEFT_RIGHT and FLIP_TOP_BOTTOM.
#include <gantry/image.hpp>
#include <string>
#include <utility>

#include "ops/image/image_op.hpp"

namespace gantry::image {
namespace {

struct Flip {
  FlipAxis axis;
};

}  // namespace

Stage<Image, Image> flip(FlipAxis axis) {
  const bool is_horizontal = axis == FlipAxis::kHorizontal;
  Result<void> check;
  if (!is_horizontal && axis != FlipAxis::kVertical) check = Error(ErrorCode::kInvalidArgument, "unknown axis");
  return detail::make_geometry_op(
      "image.flip", Flip{axis}, std::string("axis=") + (is_horizontal ? "horizontal" : "vertical"), std::move(check),
      [](const Flip& p, detail::ImageSize) { return detail::Geometry(detail::Mirror{p.axis}); });
}

}  // namespace gantry::image
