// SPDX-License-Identifier: Apache-2.0
// image.flip and image.rotate90, as PIL's transpose().
#include <gantry/image.hpp>
#include <string>
#include <utility>

#include "ops/image/image_op.hpp"
#include "ops/image/orientation.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::image {
namespace {

struct Flip {
  FlipAxis axis;
};

struct Rotate90 {
  std::int64_t turns;
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

Stage<Image, Image> rotate90(std::int64_t turns) {
  return detail::make_op<Image, Image>(
      "image.rotate90", Rotate90{turns}, "turns=" + std::to_string(turns), detail::check_range("turns", turns, 0, 3),
      [](const Rotate90& p, Image&& image, const CallContext& call) {
        using detail::Orientation;
        constexpr Orientation kTurned[] = {Orientation::kUpright, Orientation::kRotate90, Orientation::kRotate180,
                                           Orientation::kRotate270};
        const detail::ImageSize size = detail::size_of(image);
        call.set_frame(detail::turned(detail::frame_of(call, size), kTurned[p.turns], size));
        return detail::oriented(image, kTurned[p.turns]);
      });
}

}  // namespace gantry::inline GANTRY_ABI::image
