// SPDX-License-Identifier: Apache-2.0
#include "ops/image/frames.hpp"

#include <utility>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

Frame moved_by(Frame frame, const ResizeTo& step, ImageSize before) {
  const Region all = {0, 0, static_cast<double>(before.width), static_cast<double>(before.height)};
  const Region& from = step.region ? *step.region : all;
  frame.x = frame.x.shifted(-from.left).scaled(step.gain.value_or(static_cast<double>(step.size.width) / from.width));
  frame.y = frame.y.shifted(-from.top).scaled(step.gain.value_or(static_cast<double>(step.size.height) / from.height));
  return frame;
}

Frame moved_by(Frame frame, const Mirror& step, ImageSize before) {
  if (step.axis == image::FlipAxis::kHorizontal)
    frame.x = frame.x.mirrored(static_cast<double>(before.width));
  else
    frame.y = frame.y.mirrored(static_cast<double>(before.height));
  return frame;
}

Frame moved_by(const Frame& frame, const Window& step, ImageSize) {
  return frame.cropped(static_cast<double>(step.left), static_cast<double>(step.top));
}

Frame moved_by(const Frame& frame, const Extend& step, ImageSize) {
  return frame.cropped(-static_cast<double>(step.left), -static_cast<double>(step.top));
}

ImageSize size_after(const GeometryStep& step, ImageSize before) {
  if (const auto* resize = std::get_if<ResizeTo>(&step)) return resize->size;
  if (const auto* window = std::get_if<Window>(&step)) return window->size;
  if (const auto* extend = std::get_if<Extend>(&step)) return extend->size;
  return before;
}

}  // namespace

Frame decoded_frame(const StoredPicture& picture, std::uint8_t orientation) {
  const bool swaps_axes = orientation >= static_cast<std::uint8_t>(Orientation::kTranspose);
  Frame frame = swaps_axes ? Frame::of(picture.size.height, picture.size.width)
                           : Frame::of(picture.size.width, picture.size.height);
  frame.orientation = orientation;
  frame.x.gain = frame.y.gain = 1 / static_cast<double>(picture.shrunk_by);
  return frame;
}

Frame frame_of(const CallContext& call, ImageSize image) {
  return call.frame() ? *call.frame() : Frame::of(image.width, image.height);
}

Frame moved(const Frame& frame, const GeometryStep& step, ImageSize before) {
  return std::visit([&](const auto& one) { return moved_by(frame, one, before); }, step);
}

void move_frame(const CallContext& call, const Geometry& geometry, ImageSize before) {
  Frame frame = frame_of(call, before);
  for (const GeometryStep& step : geometry) {
    frame = moved(frame, step, before);
    before = size_after(step, before);
  }
  call.set_frame(frame);
}

Frame turned(const Frame& frame, Orientation orientation, ImageSize before) {
  const OrientationMapping mapping = mapping_of(orientation);
  const FrameAxis x = mapping.mirrors_x ? frame.x.mirrored(static_cast<double>(before.width)) : frame.x;
  const FrameAxis y = mapping.mirrors_y ? frame.y.mirrored(static_cast<double>(before.height)) : frame.y;
  Frame turned = frame;
  turned.x = mapping.swaps_axes ? y : x;
  turned.y = mapping.swaps_axes ? x : y;
  turned.is_turned = frame.is_turned != mapping.swaps_axes;
  return turned;
}

}  // namespace gantry::inline GANTRY_ABI::detail
