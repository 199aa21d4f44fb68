// SPDX-License-Identifier: Apache-2.0
// The eight orientations of a stored image, numbered as EXIF's Orientation tag.
#pragma once

#include <cstdint>
#include <gantry/image.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// What makes a stored image upright; named as PIL's Transpose.
enum class Orientation : std::uint8_t {
  kUpright = 1,
  kFlipLeftRight,
  kRotate180,
  kFlipTopBottom,
  kTranspose,
  kRotate270,
  kTransverse,
  kRotate90,
};

/// Where the pixel (x, y) of the result lies in the source.
struct OrientationMapping {
  bool swaps_axes;
  bool mirrors_x;  ///< of the source
  bool mirrors_y;
};
OrientationMapping mapping_of(Orientation orientation);

/// Flips or rotates `source`; shares its pixels if it is upright.
/// Thread-safe. Errors: resource_exhausted. Cost: one image.
Result<Image> oriented(const Image& source, Orientation orientation);

}  // namespace gantry::inline GANTRY_ABI::detail
