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
#include <utility>
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
/// Cost:      an allocation for each sample that has one.
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

/// What stands beside a value: a pointer, which is all that a value without a picture pays.
class SlotFrames {
 public:
  using List = std::shared_ptr<const std::vector<std::optional<Frame>>>;

  SlotFrames() = default;
  SlotFrames(SlotFrames&&) noexcept = default;
  SlotFrames& operator=(SlotFrames&&) noexcept = default;
  SlotFrames(const SlotFrames& other) : held_(other.held_ ? std::make_unique<Held>(*other.held_) : nullptr) {}
  SlotFrames& operator=(const SlotFrames& other) { return *this = SlotFrames(other); }

  /// The sample's own; nullptr if it has none.
  const Frame* own() const { return held_ && held_->own ? &*held_->own : nullptr; }
  void set_own(const Frame& frame) { held().own = frame; }
  void clear_own() {
    if (held_) held_->own.reset();
  }

  /// Of a list: one for each element, none for a picture of its own; nullptr: all have the list's.
  const std::vector<std::optional<Frame>>* of_elements() const { return held_ ? held_->of_elements.get() : nullptr; }
  void set_of_elements(List frames) { held().of_elements = std::move(frames); }
  /// Nothing that is set after it can fail for want of memory.
  void reserve() { held(); }
  void clear_of_elements() {
    if (held_) held_->of_elements.reset();
  }

 private:
  struct Held {
    std::optional<Frame> own;
    List of_elements;
  };
  Held& held() {
    if (!held_) held_ = std::make_unique<Held>();
    return *held_;
  }

  std::unique_ptr<Held> held_;
};

}  // namespace detail

}  // namespace gantry
