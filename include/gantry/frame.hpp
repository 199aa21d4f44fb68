// SPDX-License-Identifier: Apache-2.0
// Frame: the picture that a sample comes from, which travels beside it through a pipeline.
//
//   auto boxes = gantry::stage("boxes", [](const Tensor& found, const CallContext& call) -> Result<Boxes> {
//     if (call.frame() == nullptr) return Error(ErrorCode::kFailedPrecondition, "...");
//     const float left = call.frame()->x.back(box[0]);      // in the picture's own pixels
//     ...
//   });
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <gantry/version.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

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

  friend bool operator==(const FrameAxis& a, const FrameAxis& b) { return a.gain == b.gain && a.offset == b.offset; }
  friend bool operator!=(const FrameAxis& a, const FrameAxis& b) { return !(a == b); }
};

/// A picture's own size, and where its pixels are now. image.decode makes it, or the first geometric op on an image
/// that has none; resizing, cropping, mirroring and padding move its axes; everything else passes it on as it is.
///
/// `each` and `fork` keep one for each element and branch, which later `each`, `select` and `bundle` take up. A tuple
/// or named tensors whose items have different frames have none of their own; a list keeps that of the picture which it
/// was cut from. What a stage makes of such a list, tuple or named tensors as a whole has the frame that it sets, else
/// the one that all items share which have any, such as the image's beside a prompt; none where there are several.
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

  friend bool operator==(const Frame& a, const Frame& b) {
    return a.width == b.width && a.height == b.height && a.orientation == b.orientation && a.is_turned == b.is_turned &&
           a.x == b.x && a.y == b.y;
  }
  friend bool operator!=(const Frame& a, const Frame& b) { return !(a == b); }
};

namespace detail {

inline bool same_frame(const Frame* a, const Frame* b) {
  return a == nullptr || b == nullptr ? a == b : *a == *b;
}

/// What is known of one value: its picture, and those of what it is made of.
struct KnownFrames {
  std::optional<Frame> own;
  /// Of a list's elements, a tuple's items, named tensors, where they differ from `own`: one for each, in order.
  std::shared_ptr<const std::vector<KnownFrames>> of_elements;
  /// They differ from `own`, and nobody knows how.
  bool are_elements_unknown = false;
};

/// The one picture of a value that was made of all of these: of those that have one, such as the image beside a prompt,
/// if it is the same. nullopt where there are several, or one of them is not known.
inline std::optional<Frame> common_frame(const std::vector<KnownFrames>& all) {
  std::optional<Frame> common;
  for (const KnownFrames& one : all) {
    if (one.of_elements || one.are_elements_unknown) return std::nullopt;
    if (one.own && common && *one.own != *common) return std::nullopt;
    if (one.own) common = one.own;
  }
  return common;
}

/// What stands beside a value: a pointer, which is all that a value without a picture pays.
class SlotFrames {
 public:
  using List = std::shared_ptr<const std::vector<KnownFrames>>;

  SlotFrames() = default;
  SlotFrames(SlotFrames&&) noexcept = default;
  SlotFrames& operator=(SlotFrames&&) noexcept = default;
  SlotFrames(const SlotFrames& other) : held_(other.held_ ? std::make_unique<Held>(*other.held_) : nullptr) {}
  SlotFrames& operator=(const SlotFrames& other) { return *this = SlotFrames(other); }

  /// The sample's own; nullptr if it has none.
  const Frame* own() const { return held_ && held_->known.own ? &*held_->known.own : nullptr; }
  void set_own(const Frame& frame) { held().known.own = frame; }
  void clear_own() {
    if (held_) held_->known.own.reset();
  }
  /// By the stage that is running, of what it gives.
  void say_own(const Frame& frame) {
    set_own(frame);
    held_->is_said = true;
  }
  void end_stage() {
    if (held_) held_->is_said = false;
  }

  /// The elements do not all have the value's own.
  bool have_elements_others() const { return held_ && (held_->known.of_elements || held_->known.are_elements_unknown); }
  /// nullptr: all have the value's own, or nobody knows which they have.
  const List::element_type* of_elements() const { return held_ ? held_->known.of_elements.get() : nullptr; }
  /// Of one element; nullptr where nobody knows it.
  const Frame* of_element(std::size_t index) const {
    if (!have_elements_others()) return own();
    const auto* const all = of_elements();
    return all && index < all->size() && (*all)[index].own ? &*(*all)[index].own : nullptr;
  }
  /// What an element takes along that is taken out.
  SlotFrames element(std::size_t index) const {
    SlotFrames taken;
    if (const auto* const all = of_elements(); all && index < all->size())
      taken.set((*all)[index]);
    else if (const Frame* const frame = of_element(index))
      taken.set_own(*frame);
    return taken;
  }
  void set_of_elements(List frames) {
    held().known.of_elements = std::move(frames);
    held_->known.are_elements_unknown = false;
  }
  /// All have the value's own.
  void clear_of_elements() {
    if (held_) held_->known.of_elements.reset(), held_->known.are_elements_unknown = false;
  }
  /// Nobody knows which have which.
  void lose_of_elements() {
    held().known.of_elements.reset();
    held_->known.are_elements_unknown = true;
  }
  /// The value was made from all elements, which have others: unless its stage said so, it has the one picture that is
  /// among them. A list keeps that of the list before.
  void end_elements(bool is_list) {
    const List before = held_->known.of_elements;
    clear_of_elements();
    if (is_list)
      held_->known.are_elements_unknown = true;
    else if (!held_->is_said)
      held_->known.own = before ? common_frame(*before) : std::nullopt;
  }

  KnownFrames known() const { return held_ ? held_->known : KnownFrames(); }
  /// Nothing that is set after it can fail for want of memory.
  void reserve() { held(); }

 private:
  struct Held {
    KnownFrames known;
    bool is_said = false;
  };
  Held& held() {
    if (!held_) held_ = std::make_unique<Held>();
    return *held_;
  }
  void set(const KnownFrames& known) {
    if (known.own || known.of_elements || known.are_elements_unknown) held().known = known;
  }

  std::unique_ptr<Held> held_;
};

}  // namespace detail

}  // namespace GANTRY_ABI
}  // namespace gantry
