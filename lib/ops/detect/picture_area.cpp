// SPDX-License-Identifier: Apache-2.0
// The picture's place comes from its frame: a letterboxed one covers a part of the model's input.
#include "ops/detect/picture_area.hpp"

#include "ops/parameters.hpp"
#include "ops/picture_axes.hpp"

namespace gantry::inline GANTRY_ABI::detail {

Result<PictureArea> picture_area(std::int64_t width, std::int64_t height, const CallContext& call) {
  PictureArea area{0, 0, static_cast<float>(width), static_cast<float>(height)};
  if (width > 0 && height > 0) return area;
  const Frame* const frame = call.frame();
  if (frame == nullptr)
    return Error(ErrorCode::kFailedPrecondition,
                 "boxes are shares of a picture that nobody knows: give width and height, or let image.decode or "
                 "another image op come before the model in the same pipeline");
  const PictureAxes axes(*frame);
  if (width == 0) area.left = axes.across().first(), area.width = axes.across().extent();
  if (height == 0) area.top = axes.down().first(), area.height = axes.down().extent();
  return area;
}

Result<void> check_are_shares(bool relative, std::int64_t width, std::int64_t height) {
  if (relative || (width == 0 && height == 0)) return {};
  return Error(ErrorCode::kInvalidArgument, "width and height are what shares are of: they are for relative=true");
}

Result<void> check_picture_side(const char* name, std::int64_t value) {
  return check_range(name, value, 0, kMaxSide);
}

}  // namespace gantry::inline GANTRY_ABI::detail
