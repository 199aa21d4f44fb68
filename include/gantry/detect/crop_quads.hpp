// SPDX-License-Identifier: Apache-2.0
// Rectified crops of quads, for what reads text, plates or labels.
//
//   auto read = fork(pass<Image>(), text_detector) | detect::crop_quads({}) | each(recognizer);
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include <gantry/detect/quads.hpp>
#include <gantry/image/image.hpp>
#include <gantry/result.hpp>
#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detect {

/// What becomes of a quad that cannot be cropped: a corner is not finite or further than 2^20 pixels away, a turn at a
/// corner is none or goes the other way (it is concave, crosses itself, or three corners lie on a line), or both of two
/// sides are shorter than a pixel.
enum class BadQuad : std::uint8_t {
  kRefuse,  ///< invalid_argument, with its number
  kSkip,    ///< it has no crop; those behind it move up
};

struct CropQuads {
  /// Of each crop, 1..65535. 0: the quad's own, the longer of its top and bottom sides, and of its left and right ones,
  /// cut to whole pixels.
  std::int64_t width = 0;
  std::int64_t height = 0;
  /// Crops whose height is at least this many times their width are turned by a quarter, counterclockwise, as vertical
  /// lines of text are read; PaddleOCR: 1.5. Above 0; 0: none. It looks at the quad's own size, also where another is
  /// asked for, which is then the size of the crop before it is turned.
  double turn_from = 1.5;
  std::int64_t max_pixels = std::int64_t{1} << 24;  ///< of a crop; more are refused. 1..2^31
  BadQuad bad = BadQuad::kRefuse;
};
/// The pictures' parts within the quads, in their order, each stretched to a rectangle: PaddleOCR's
/// get_rotate_crop_image(), that is OpenCV's getPerspectiveTransform() and warpPerspective() with INTER_CUBIC and
/// BORDER_REPLICATE: bytes differ from those of OpenCV 5 by 1, in less than 0.1 % of them, and in up to 2 % of a small
/// crop. OpenCV 4 rounded places to 32nds of a pixel, and differs by more. Pictures with any number of channels. Quads
/// are in the picture's own pixels, where quads_to_picture() puts them, whether or not the image was resized; without
/// frames, in the image's. Crops have no frames: each is a picture of its own. Errors: invalid_argument (kRefuse),
/// resource_exhausted for a crop of more than max_pixels or a side above 65535, or for more than 2^31 bytes of crops,
/// before one is made; deadline_exceeded, cancelled. Cost: about 60 ns a pixel of the crops.
GANTRY_API Stage<std::tuple<Image, Quads>, std::vector<Image>> crop_quads(const CropQuads& options);
/// One quad, in the image's pixels, by hand. Errors also: invalid_argument for options outside their limits, and for
/// every bad quad. Thread-safe.
GANTRY_API Result<Image> crop_quad(const Image& image, const Quad& quad, const CropQuads& options = {});

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry
