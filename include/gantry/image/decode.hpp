// SPDX-License-Identifier: Apache-2.0
// From the bytes of an image file to pixels.
#pragma once

#include <cstdint>

#include <gantry/bytes.hpp>
#include <gantry/image/image.hpp>
#include <gantry/stage.hpp>

namespace gantry::image {

/// What decode() makes of the file's colour model.
enum class ColourMode : std::uint8_t {
  kRgb,        ///< always RGB, as PIL's convert("RGB")
  kUnchanged,  ///< gray stays gray, RGB stays RGB, anything with alpha becomes RGBA
};

struct Decode {
  ColourMode colour = ColourMode::kRgb;
  /// Applies the EXIF orientation, as PIL's ImageOps.exif_transpose. PIL's open does not, hence the default.
  bool exif_orientation = false;
  /// Largest width * height, read from the header before anything is allocated; 1..2^31.
  std::int64_t max_pixels = 89478485;
  /// Largest encoded size; 1..2^31.
  std::int64_t max_bytes = 256 << 20;
};
/// JPEG, PNG or WebP, told apart by content. Errors: invalid_argument (not an image, truncated, corrupt), unsupported
/// (a colour model named in the message), resource_exhausted (a limit).
GANTRY_API Stage<Bytes, Image> decode(const Decode& options = {});

}  // namespace gantry::image
