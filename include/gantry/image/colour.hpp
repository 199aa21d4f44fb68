// SPDX-License-Identifier: Apache-2.0
// Other colour models of the same image.
#pragma once

#include <gantry/image/image.hpp>
#include <gantry/image/reference.hpp>
#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace image {

/// One channel. kPillow: (19595 R + 38470 G + 7471 B + 2^15) >> 16, its convert("L"). kOpenCv: (9798 R + 19235 G + 3735
/// B + 2^14) >> 15, its COLOR_RGB2GRAY. They differ by at most 1. Drops alpha; leaves gray images unchanged.
GANTRY_API Stage<Image, Image> to_gray(Reference reference = Reference::kPillow);
/// Three channels: repeats gray, drops alpha without blending, as Pillow's convert("RGB").
GANTRY_API Stage<Image, Image> to_rgb();

/// RGBA with colours multiplied by alpha / 255, rounded, as Pillow's RGBa; leaves other images unchanged.
GANTRY_API Stage<Image, Image> premultiply();
/// The inverse, rounded down, as Pillow's conversion back to RGBA; leaves colours unchanged where alpha is 0.
GANTRY_API Stage<Image, Image> unpremultiply();

}  // namespace image
}  // namespace GANTRY_ABI
}  // namespace gantry
