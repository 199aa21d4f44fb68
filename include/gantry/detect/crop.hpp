// SPDX-License-Identifier: Apache-2.0
// Crops of detections, for the next model of a cascade.
//
//   auto found = fork(pass<Image>(), detector) | detect::crop({}) | each(classifier);
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include <gantry/detect/detections.hpp>
#include <gantry/image/image.hpp>
#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detect {

/// How to round corners to whole pixels.
enum class CropRounding : std::uint8_t {
  kNearest,  ///< halves to even ones, as Pillow's crop() does it
  kFacenet,  ///< towards zero, and the first column and row one further out, as facenet_pytorch's pad() does it for
             ///< MTCNN
};

/// Which part of the picture to cut out for a box.
struct Crop {
  double margin = 0;    ///< added at each side, as a fraction of the box's width and height; -0.45..10
  bool square = false;  ///< the shorter side grows to the longer one, around the same centre
  CropRounding rounding = CropRounding::kNearest;
};

/// Parts of the pictures, one for each detection and in the same order, as views. A box grows by the margin, then to a
/// square; its corners are rounded to whole pixels; parts outside the image are cut off, but at least one pixel stays.
/// Boxes are in the picture's own pixels, as from detect::to_picture(), whether or not the image was resized; without
/// frames, in the image's pixels. Each crop has its frame, so that results in it can be mapped back to the picture.
/// Errors: invalid_argument for a box with a NaN or an infinity, with its number.
GANTRY_API Stage<std::tuple<Image, Detections>, std::vector<Image>> crop(const Crop& options);

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry
