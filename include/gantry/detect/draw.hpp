// SPDX-License-Identifier: Apache-2.0
// Detections drawn on their picture, for people to look at.
//
//   Image drawn = detect::draw(picture, found).value();
//   auto shown = fork(image::to_rgb(), detector) | detect::draw() | image::encode();
#pragma once

#include <cstdint>
#include <tuple>

#include <gantry/detect/detections.hpp>
#include <gantry/image/image.hpp>
#include <gantry/result.hpp>
#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detect {

struct Draw {
  std::int64_t line_width = 0;  ///< of boxes, 1..256 pixels; 0: by the picture's size
  std::int64_t text_scale = 0;  ///< how many pixels a dot of the 6x10 letters is wide, 1..64; 0: by the picture's size
  bool labels = true;           ///< of a detection without one its class: "class 17"
  bool scores = true;
  double keypoint_score = 0;  ///< keypoints with a smaller score are left out
  double mask_alpha = 0.5;    ///< how much of a mask's colour is seen, 0..1; 0: masks are left out
};

/// A copy of the picture, as RGB. Masks of the detections that have one are blended in the colours of their classes,
/// one over the other; on them lies a box around each detection in the colour of its class, its label and score above
/// or, where there is no room, within, and its keypoints, the colours of which are those of their places in the list.
/// The best lie on top. Boxes are in pixels of this image, and masks of its size. Boxes that are empty, that hold a NaN
/// or lie outside are left out, and so are keypoints. Alpha is dropped. Letters are those of ASCII; other characters
/// are shown as a frame. The call's deadline and cancellation are looked at on the way. Errors: invalid_argument for a
/// mask of another size, with the detection's number; resource_exhausted, deadline_exceeded, cancelled.
GANTRY_API Stage<std::tuple<Image, Detections>, Image> draw(const Draw& options = {});
/// The same, called by hand. Errors also: invalid_argument for options outside their limits. Thread-safe.
GANTRY_API Result<Image> draw(const Image& picture, const Detections& found, const Draw& options = {});

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry
