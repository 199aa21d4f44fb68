// SPDX-License-Identifier: Apache-2.0
// Rotated, sheared and rectified images: alignment of faces, plates and documents. As torchvision.transforms.v2 on
// uint8 tensors: coordinates and weights in float32, grid_sample(align_corners=False, padding_mode="zeros"), rounded
// half to even. torch may fuse multiplications with additions, and then differs: by 1 in few bytes; with kNearest by
// more if a position is exactly between two pixels.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <gantry/image/image.hpp>
#include <gantry/image/resize.hpp>
#include <gantry/result.hpp>
#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace image {

/// How to compute the pixels of a warped image.
struct Sampling {
  Filter filter = Filter::kBilinear;  ///< kBilinear or kNearest
  /// The value outside the image, in every channel. Unset: 0, to which bilinear edges fade; set: edges fade to it.
  std::optional<std::uint8_t> fill;
};

/// torchvision's affine(): the image at its size, rotated by `angle` degrees clockwise around `centre`, scaled, sheared
/// and moved.
struct Affine {
  double angle = 0;                                 ///< degrees, finite
  double translate_x = 0, translate_y = 0;          ///< pixels, finite
  double scale = 1;                                 ///< above 0, finite
  double shear_x = 0, shear_y = 0;                  ///< degrees, finite
  std::optional<std::array<double, 2>> centre;      ///< x, y in pixels; unset: the image's centre
  Sampling how = {Filter::kNearest, std::nullopt};  ///< torchvision's default
};
GANTRY_API Stage<Image, Image> affine(const Affine& options);

using Corners = std::array<std::array<double, 2>, 4>;  ///< x, y of top left, top right, bottom right, bottom left
/// torchvision's perspective(): the image at its size, with `start` moved to `end`. invalid_argument if three corners
/// are collinear.
struct Perspective {
  Corners start = {};
  Corners end = {};
  Sampling how;
};
GANTRY_API Stage<Image, Image> perspective(const Perspective& options);

/// For a warp computed per image: the part of the image with the corners `quad`, as width x height (each 1..65535):
/// perspective() with the corners of the result as `end`. Errors: invalid_argument (the sides, three collinear
/// corners), resource_exhausted. Thread-safe. Cost: about 10 ns per pixel.
GANTRY_API Result<Image> rectified(const Image& image, const Corners& quad, std::int64_t width, std::int64_t height,
                                   const Sampling& how = {});

}  // namespace image
}  // namespace GANTRY_ABI
}  // namespace gantry
