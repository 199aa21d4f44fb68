// SPDX-License-Identifier: Apache-2.0
// Rectified crops of quads, for models that read text, plates or labels.
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

/// How to treat a quad that cannot be cropped: a corner is not finite or further than 2^20 pixels away; the turn at a
/// corner is zero or has the wrong direction (the quad is concave, crosses itself, or three corners are collinear); or
/// both of two opposite sides are shorter than a pixel.
enum class BadQuad : std::uint8_t {
  kRefuse,  ///< invalid_argument, with the quad's number
  kSkip,    ///< no crop; later crops move up
};

struct CropQuads {
  /// The size of each crop, 1..65535. 0: the quad's own size, the longer of its top and bottom sides, and of its left
  /// and right sides, truncated to whole pixels.
  std::int64_t width = 0;
  std::int64_t height = 0;
  /// Crops whose height is at least this many times their width are rotated by a quarter, counterclockwise, so that
  /// vertical lines of text can be read; PaddleOCR: 1.5. Above 0; 0: none. The quad's own size decides, also if another
  /// size is set; that is then the size before the rotation.
  double turn_from = 1.5;
  std::int64_t max_pixels = std::int64_t{1} << 24;  ///< per crop; larger ones are refused. 1..2^31
  BadQuad bad = BadQuad::kRefuse;
};
/// The parts of the pictures within the quads, in their order, each stretched to a rectangle: PaddleOCR's
/// get_rotate_crop_image(), which is OpenCV's getPerspectiveTransform() and warpPerspective() with INTER_CUBIC and
/// BORDER_REPLICATE. Bytes differ from OpenCV 5's by 1, in less than 0.1 % of them, and in up to 2 % of a small crop.
/// OpenCV 4 rounded positions to 32nds of a pixel, and differs by more. Any number of channels. Quads are in the
/// picture's own pixels, as from quads_to_picture(), whether or not the image was resized; without frames, in the
/// image's. Crops have no frames: each is a picture of its own. Errors: invalid_argument (kRefuse), resource_exhausted
/// for a crop of more than max_pixels or a side above 65535, or more than 2^31 bytes of crops, before any is made;
/// deadline_exceeded, cancelled. Cost: about 60 ns per pixel of the crops.
GANTRY_API Stage<std::tuple<Image, Quads>, std::vector<Image>> crop_quads(const CropQuads& options);
/// Crops one quad, in the image's pixels, when called by hand. Errors also: invalid_argument for options outside their
/// limits, and for every bad quad. Thread-safe.
GANTRY_API Result<Image> crop_quad(const Image& image, const Quad& quad, const CropQuads& options = {});

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry
