// SPDX-License-Identifier: Apache-2.0
// image.flip, as PIL's FLIP_LEFT_RIGHT and FLIP_TOP_BOTTOM.
#include <gantry/image.hpp>
#include <string>

#include "ops/image/orientation.hpp"

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
  return detail::make_op<Image, Image>(
      "image.flip", Flip{axis}, std::string("axis=") + (is_horizontal ? "horizontal" : "vertical"), std::move(check),
      [](const Flip& p, Image&& image) {
        return detail::oriented(image, p.axis == FlipAxis::kHorizontal ? detail::Orientation::kFlipLeftRight
                                                                       : detail::Orientation::kFlipTopBottom);
      });
}

}  // namespace gantry::image
