// SPDX-License-Identifier: Apache-2.0
// Frame: the picture that a sample comes from; it travels with the sample through a pipeline.
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

/// Maps a coordinate of the picture to its current position: now = own * gain + offset. Both count from the edge: the
/// centre of the first pixel is at 0.5. A mirrored axis has a negative gain.
struct FrameAxis {
  double gain = 1;
  double offset = 0;

  double forth(double own) const { return own * gain + offset; }
  double back(double now) const { return (now - offset) / gain; }
  /// The axis after the next operation: scaled, shifted, or mirrored within `extent` pixels.
  FrameAxis scaled(double by) const { return {gain * by, offset * by}; }
  FrameAxis shifted(double by) const { return {gain, offset + by}; }
  FrameAxis mirrored(double extent) const { return {-gain, extent - offset}; }

  friend bool operator==(const FrameAxis& a, const FrameAxis& b) { return a.gain == b.gain && a.offset == b.offset; }
  friend bool operator!=(const FrameAxis& a, const FrameAxis& b) { return !(a == b); }
};

/// A picture's own size, and where its pixels are now. image.decode creates it, or the first geometric op on an image
/// without one. Resizing, cropping, mirroring and padding move its axes; all other ops pass it on unchanged.
///
/// `each` and `fork` keep one frame for each element and branch; later `each`, `select` and `bundle` use them. A tuple
/// or named tensors whose items have different frames have none of their own; a list keeps the frame of the picture it
/// was cut from. If a stage consumes all items of such a value, its output has the frame that the stage sets; else the
/// frame that all items with a frame share, such as that of the image beside a prompt; none if they differ.
///
/// Ownership: a value.
/// Threads:   thread-compatible.
/// Errors:    none.
/// Cost:      one allocation for each sample with a frame.
struct Frame {
  /// In pixels, upright: as the picture is displayed, after undoing `orientation`.
  std::int64_t width = 0;
  std::int64_t height = 0;
  /// The EXIF orientation that image.decode undid with exif_orientation: 1..8; 1 for none.
  std::uint8_t orientation = 1;
  /// The picture was turned by a quarter: x now runs along its height.
  bool is_turned = false;
  FrameAxis x;
  FrameAxis y;

  /// The frame of a picture that nothing has changed yet.
  static Frame of(std::int64_t width, std::int64_t height) { return {width, height, 1, false, {}, {}}; }
  /// The frame of a crop whose first pixel is (left, top) of the current image.
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

/// The known frames of one value: its own, and those of its elements.
struct KnownFrames {
  std::optional<Frame> own;
  /// Frames of a list's elements, a tuple's items or named tensors, if they differ from `own`: one for each, in order.
  std::shared_ptr<const std::vector<KnownFrames>> of_elements;
  /// The elements' frames differ from `own`, and are unknown.
  bool are_elements_unknown = false;
};

/// The frame of a value made from all of these: the frame of those that have one, such as the image beside a prompt, if
/// it is the same for all. nullopt if there are several, or if the elements of an entry have other frames.
inline std::optional<Frame> common_frame(const std::vector<KnownFrames>& all) {
  std::optional<Frame> common;
  for (const KnownFrames& one : all) {
    if (one.of_elements || one.are_elements_unknown) return std::nullopt;
    if (one.own && common && *one.own != *common) return std::nullopt;
    if (one.own) common = one.own;
  }
  return common;
}

/// The frames that travel with a value. One pointer: a value without a picture costs no more.
class SlotFrames {
 public:
  using List = std::shared_ptr<const std::vector<KnownFrames>>;

  SlotFrames() = default;
  SlotFrames(SlotFrames&&) noexcept = default;
  SlotFrames& operator=(SlotFrames&&) noexcept = default;
  SlotFrames(const SlotFrames& other) : held_(other.held_ ? std::make_unique<Held>(*other.held_) : nullptr) {}
  SlotFrames& operator=(const SlotFrames& other) { return *this = SlotFrames(other); }

  /// The sample's own frame; nullptr if it has none.
  const Frame* own() const { return held_ && held_->known.own ? &*held_->known.own : nullptr; }
  void set_own(const Frame& frame) { held().known.own = frame; }
  void clear_own() {
    if (held_) held_->known.own.reset();
  }
  /// Set by the running stage, for its output.
  void say_own(const Frame& frame) {
    set_own(frame);
    held_->is_said = true;
  }
  void end_stage() {
    if (held_) held_->is_said = false;
  }

  /// True if elements have other frames than the value's own.
  bool have_elements_others() const { return held_ && (held_->known.of_elements || held_->known.are_elements_unknown); }
  /// nullptr: all elements have the value's own frame, or their frames are unknown.
  const List::element_type* of_elements() const { return held_ ? held_->known.of_elements.get() : nullptr; }
  /// The frame of one element; nullptr if unknown.
  const Frame* of_element(std::size_t index) const {
    if (!have_elements_others()) return own();
    const auto* const all = of_elements();
    return all && index < all->size() && (*all)[index].own ? &*(*all)[index].own : nullptr;
  }
  /// The frames that an element takes along when it is taken out.
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
  /// All elements have the value's own frame.
  void clear_of_elements() {
    if (held_) held_->known.of_elements.reset(), held_->known.are_elements_unknown = false;
  }
  /// The elements' frames become unknown.
  void lose_of_elements() {
    held().known.of_elements.reset();
    held_->known.are_elements_unknown = true;
  }
  /// The value was made from all elements, and these have other frames. Unless its stage set a frame, it gets the only
  /// picture among them. A list keeps the frame of the list before.
  void end_elements(bool is_list) {
    const List before = held_->known.of_elements;
    clear_of_elements();
    if (is_list)
      held_->known.are_elements_unknown = true;
    else if (!held_->is_said)
      held_->known.own = before ? common_frame(*before) : std::nullopt;
  }

  KnownFrames known() const { return held_ ? held_->known : KnownFrames(); }
  /// Allocates now, so that later setters cannot fail with out of memory.
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
