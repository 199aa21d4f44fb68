// SPDX-License-Identifier: Apache-2.0
// Crops, borders, mirrored and turned images: where pixels go, not what they are.
#pragma once

#include <cstdint>
#include <vector>

#include <gantry/image/image.hpp>
#include <gantry/stage.hpp>

namespace gantry::image {

/// torchvision's CenterCrop: offsets rounded half to even, smaller images padded with 0 first. Sides 1..65535.
GANTRY_API Stage<Image, Image> center_crop(std::int64_t size);
GANTRY_API Stage<Image, Image> center_crop(std::int64_t width, std::int64_t height);
/// torchvision's FiveCrop: top left, top right, bottom left, bottom right, centre. invalid_argument if the image is
/// smaller than the crop.
GANTRY_API Stage<Image, std::vector<Image>> five_crop(std::int64_t size);
GANTRY_API Stage<Image, std::vector<Image>> five_crop(std::int64_t width, std::int64_t height);

struct Pad {
  std::int64_t left = 0, top = 0, right = 0, bottom = 0;  ///< each 0..65535
  std::uint8_t value = 0;                                 ///< for every channel
};
GANTRY_API Stage<Image, Image> pad(const Pad& options);

enum class FlipAxis : std::uint8_t { kHorizontal, kVertical };
/// kHorizontal mirrors left to right, as PIL's FLIP_LEFT_RIGHT.
GANTRY_API Stage<Image, Image> flip(FlipAxis axis = FlipAxis::kHorizontal);

/// True for images with one channel.
GANTRY_API Predicate<Image> is_gray();

}  // namespace gantry::image
