// SPDX-License-Identifier: Apache-2.0
// Frame: the picture that a sample comes from, which travels beside it through a pipeline.
//
//   auto boxes = gantry::stage("boxes", [](const Tensor& found, const CallContext& call) -> Result<Boxes> {
//     if (call.frame() == nullptr) return Error(ErrorCode::kFailedPrecondition, "...");
//     const float left = call.frame()->x.back(box[0]);      // in the picture's own pixels
//     ...
//   });
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace gantry {

/// Where a coordinate of the picture is now: now = own * gain + offset, both from the edge, so that the middle of the
/// first pixel is at 0.5. A mirrored axis has a negative gain.
struct FrameAxis {
  double gain = 1;
  double offset = 0;

  double forth(double own) const { return own * gain + offset; }
  double back(double now) const { return (now - offset) / gain; }
  /// What happens next: the axis is scaled, shifted, mirrored within `extent` pixels.
  FrameAxis scaled(double by) const { return {gain * by, offset * by}; }
  FrameAxis shifted(double by) const { return {gain, offset + by}; }
  FrameAxis mirrored(double extent) const { return {-gain, extent - offset}; }
};

/// A picture's own size, and where its pixels are now. image.decode makes it, or the first geometric op on an image
/// that has none; resizing, cropping, mirroring and padding move its axes; everything else passes it on as it is.
///
/// Ownership: a value.
/// Threads:   thread-compatible.
/// Errors:    none.
/// Cost:      56 bytes beside each sample.
struct Frame {
  /// In pixels, upright: as the picture is shown, after `orientation` was undone.
  std::int64_t width = 0;
  std::int64_t height = 0;
  /// What image.decode undid with exif_orientation: 1..8 as in EXIF, 1 for nothing.
  std::uint8_t orientation = 1;
  /// What was turned by a quarter: x now runs along the picture's height.
  bool is_turned = false;
  FrameAxis x;
  FrameAxis y;

  /// A picture that is its own frame.
  static Frame of(std::int64_t width, std::int64_t height) { return {width, height, 1, false, {}, {}}; }
  /// The frame of a crop whose first pixel is (left, top) of what is now.
  Frame cropped(double left, double top) const {
    Frame crop = *this;
    crop.x = x.shifted(-left);
    crop.y = y.shifted(-top);
    return crop;
  }
};

namespace detail {

/// Beside a value.
struct SlotFrames {
  std::optional<Frame> own;
  /// Of a list: one for each element, none for a picture of its own; nullptr: all have the list's.
  std::shared_ptr<const std::vector<std::optional<Frame>>> of_elements;
};

}  // namespace detail

}  // namespace gantry
