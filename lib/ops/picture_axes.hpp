// SPDX-License-Identifier: Apache-2.0
// PictureAxes: maps coordinates of a model's input back to the pixels of the original picture.
#pragma once

#include <cmath>
#include <cstddef>
#include <gantry/call_context.hpp>
#include <gantry/detect/box.hpp>
#include <gantry/frame.hpp>
#include <gantry/result.hpp>
#include <string>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

/// One axis of the model's input, with the picture's length along it in pixels.
class PictureAxis {
 public:
  PictureAxis(const FrameAxis& axis, std::int64_t pixels)
      : offset_(static_cast<float>(axis.offset)),
        gain_(static_cast<float>(axis.gain)),
        length_(static_cast<float>(pixels)),
        first_(static_cast<float>(axis.gain < 0 ? axis.forth(static_cast<double>(pixels)) : axis.offset)),
        last_(static_cast<float>(axis.gain < 0 ? axis.offset : axis.forth(static_cast<double>(pixels)))),
        extent_(static_cast<float>(std::fabs(axis.gain) * static_cast<double>(pixels))) {}

  /// Maps an input coordinate to the picture's pixels: (now - offset) / gain in f32, as ultralytics does. `clip` clamps
  /// it to the picture. NaN stays NaN.
  float back(float now, bool clip) const {
    const float own = (now - offset_) / gain_;
    return clip && own < 0 ? 0 : clip && own > length_ ? length_ : own;
  }
  /// Maps both ends of an interval. Swaps them if the axis is mirrored, so that they stay in ascending order.
  std::pair<float, float> back(float begin, float end, bool clip) const {
    return gain_ < 0 ? std::pair(back(end, clip), back(begin, clip)) : std::pair(back(begin, clip), back(end, clip));
  }
  /// The picture's offset and length in the input's pixels.
  float first() const { return first_; }
  float extent() const { return extent_; }
  /// Clamps an input coordinate to the picture. NaN stays NaN.
  float clipped(float now) const { return now < first_ ? first_ : now > last_ ? last_ : now; }

 private:
  float offset_;
  float gain_;
  float length_;
  float first_;  // where the picture begins and ends in the input
  float last_;
  float extent_;
};

class PictureAxes {
 public:
  explicit PictureAxes(const Frame& frame)
      : across_(frame.x, frame.is_turned ? frame.height : frame.width),
        down_(frame.y, frame.is_turned ? frame.width : frame.height),
        is_turned_(frame.is_turned) {}

  Box back(const Box& box, bool clip) const {
    auto [x0, x1] = across_.back(box.x0, box.x1, clip);
    auto [y0, y1] = down_.back(box.y0, box.y1, clip);
    return is_turned_ ? Box{y0, x0, y1, x1} : Box{x0, y0, x1, y1};
  }
  /// {x, y} in the picture's pixels.
  std::pair<float, float> back(float x, float y, bool clip) const {
    const float across = across_.back(x, clip), down = down_.back(y, clip);
    return is_turned_ ? std::pair(down, across) : std::pair(across, down);
  }
  const PictureAxis& across() const { return across_; }
  const PictureAxis& down() const { return down_; }
  Box clipped(const Box& box) const {
    return {across_.clipped(box.x0), down_.clipped(box.y0), across_.clipped(box.x1), down_.clipped(box.y1)};
  }
  std::pair<float, float> clipped(float x, float y) const { return {across_.clipped(x), down_.clipped(y)}; }

 private:
  PictureAxis across_;
  PictureAxis down_;
  bool is_turned_;
};

/// Gives the stage's output the frame of the item at `index` of its input, regardless of the frames of other items.
inline void keep_frame_of(const CallContext& call, std::size_t index) {
  if (const Frame* const frame = call.element_frame(index))
    call.set_frame(*frame);
  else
    call.clear_frame();
}

/// `what` names what the op moves, for example "boxes".
inline Error no_picture(const char* what) {
  return Error(
      ErrorCode::kFailedPrecondition,
      "nobody knows which picture the " + std::string(what) +
          " are of: image.decode or another image op has to come before the model in the same pipeline, or a stage "
          "that calls CallContext::set_frame(); of what is made of several crops or branches together there is none, "
          "so this op stands before that, or behind a select");
}

/// The axes of the sample's picture; no_picture() if it is unknown.
inline Result<PictureAxes> picture_axes(const CallContext& call, const char* what) {
  if (const Frame* const frame = call.frame()) return PictureAxes(*frame);
  return no_picture(what);
}

}  // namespace gantry::inline GANTRY_ABI::detail
