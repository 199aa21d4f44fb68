// SPDX-License-Identifier: Apache-2.0
// Draws detections on their picture, for people.
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
  std::int64_t line_width = 0;  ///< of boxes, 1..256 pixels; 0: derived from the picture's size
  std::int64_t text_scale = 0;  ///< pixels per dot of the 6x10 letters, 1..64; 0: derived from the picture's size
  bool labels = true;           ///< for a detection without a label its class: "class 17"
  bool scores = true;
  double keypoint_score = 0;  ///< keypoints with a smaller score are left out
  double mask_alpha = 0.5;    ///< opacity of a mask's colour, 0..1; 0: no masks
};

/// A copy of the picture, as RGB. Masks of detections are blended over it in the colours of their classes, one over the
/// other. Then each detection gets a box in the colour of its class, its label and score above the box or, if there is
/// no room, inside, and its keypoints, coloured by their position in the list. The best detections are on top. Boxes
/// are in pixels of this image, and masks have its size. Boxes that are empty, hold a NaN or lie outside are left out;
/// so are such keypoints. Drops alpha. Letters are ASCII; other characters appear as a frame. Checks the call's
/// deadline and cancellation while it runs. Errors: invalid_argument for a mask of another size, with the detection's
/// number; resource_exhausted, deadline_exceeded, cancelled.
GANTRY_API Stage<std::tuple<Image, Detections>, Image> draw(const Draw& options = {});
/// The same, called by hand. Errors also: invalid_argument for options outside their limits. Thread-safe.
GANTRY_API Result<Image> draw(const Image& picture, const Detections& found, const Draw& options = {});

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry
