// SPDX-License-Identifier: Apache-2.0
// Other colour models of the same image.
#pragma once

#include <gantry/image/image.hpp>
#include <gantry/image/reference.hpp>
#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace image {

/// One channel. kPillow: (19595 R + 38470 G + 7471 B + 2^15) >> 16, its convert("L"). kOpenCv: (9798 R + 19235 G +
/// 3735 B + 2^14) >> 15, its COLOR_RGB2GRAY. The two differ by 1 at most. Alpha is dropped; gray stays as it is.
GANTRY_API Stage<Image, Image> to_gray(Reference reference = Reference::kPillow);
/// Three channels: gray three times, alpha dropped and not blended, as Pillow's convert("RGB").
GANTRY_API Stage<Image, Image> to_rgb();

/// RGBA with colours multiplied by alpha / 255, rounded, as Pillow's RGBa; other images stay as they are.
GANTRY_API Stage<Image, Image> premultiply();
/// The inverse, rounded down, as Pillow's conversion back to RGBA; where alpha is 0 colours stay as they are.
GANTRY_API Stage<Image, Image> unpremultiply();

}  // namespace image
}  // namespace GANTRY_ABI
}  // namespace gantry
