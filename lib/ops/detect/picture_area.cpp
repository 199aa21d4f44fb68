// SPDX-License-Identifier: Apache-2.0
// The picture's place comes from its frame: of a picture that was letterboxed it lies within the model's input.
#include "ops/detect/picture_area.hpp"

#include <cmath>

#include "ops/parameters.hpp"

namespace gantry::detail {
namespace {

struct Side {
  float begin;
  float extent;
};

/// Of a mirrored axis the picture's end comes first.
Side side_of(const FrameAxis& axis, std::int64_t own) {
  const auto length = static_cast<double>(own);
  return {static_cast<float>(std::fmin(axis.forth(0), axis.forth(length))),
          static_cast<float>(std::fabs(axis.gain) * length)};
}

}  // namespace

Result<PictureArea> picture_area(std::int64_t width, std::int64_t height, const CallContext& call) {
  PictureArea area{0, 0, static_cast<float>(width), static_cast<float>(height)};
  if (width > 0 && height > 0) return area;
  const Frame* const frame = call.frame();
  if (frame == nullptr)
    return Error(ErrorCode::kFailedPrecondition,
                 "boxes are shares of a picture that nobody knows: give width and height, or let image.decode or "
                 "another image op come before the model in the same pipeline");
  const Side across = side_of(frame->x, frame->is_turned ? frame->height : frame->width);
  const Side down = side_of(frame->y, frame->is_turned ? frame->width : frame->height);
  if (width == 0) area.left = across.begin, area.width = across.extent;
  if (height == 0) area.top = down.begin, area.height = down.extent;
  return area;
}

Result<void> check_picture_side(const char* name, std::int64_t value) {
  return check_range(name, value, 0, kMaxSide);
}

}  // namespace gantry::detail
