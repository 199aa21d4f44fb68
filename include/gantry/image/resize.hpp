// SPDX-License-Identifier: Apache-2.0
// Other sizes: resampling, with the filters and rounding rules of a named reference.
#pragma once

#include <cstdint>

#include <gantry/image/image.hpp>
#include <gantry/stage.hpp>

namespace gantry::image {

/// Resampling filters of Pillow; all antialias on downscaling.
enum class Filter : std::uint8_t { kBox, kBilinear, kHamming, kBicubic, kLanczos };

/// To width x height, each 1..65535. Bit-equal to Pillow's Image.resize for L, RGB and RGBA.
GANTRY_API Stage<Image, Image> resize(std::int64_t width, std::int64_t height, Filter filter = Filter::kBilinear);
/// Shorter side to `size` (1..65535), longer side int(size * long / short): torchvision's Resize(int).
GANTRY_API Stage<Image, Image> resize_short(std::int64_t size, Filter filter = Filter::kBilinear);

}  // namespace gantry::image
