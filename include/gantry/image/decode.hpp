// SPDX-License-Identifier: Apache-2.0
// Decodes the bytes of an image file into pixels.
#pragma once

#include <cstdint>

#include <gantry/bytes.hpp>
#include <gantry/image/image.hpp>
#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace image {

/// The colour model of the decoded image.
enum class ColourMode : std::uint8_t {
  kRgb,        ///< always RGB, as PIL's convert("RGB")
  kUnchanged,  ///< gray stays gray, RGB stays RGB, anything with alpha becomes RGBA
};

/// How to treat a file that ends early, or whose pixel data cannot be read completely.
enum class Truncated : std::uint8_t {
  kRefuse,  ///< invalid_argument, as PIL
  kAccept,  ///< as PIL with LOAD_TRUNCATED_IMAGES: JPEG as libjpeg fills it in, mostly gray; PNG with zeros. WebP is
            ///< refused
};

struct Decode {
  ColourMode colour = ColourMode::kRgb;
  /// Applies the EXIF orientation, as PIL's ImageOps.exif_transpose. Off by default: PIL's open does not apply it.
  bool exif_orientation = false;
  /// Largest width * height, checked in the header before any allocation; 1..2^31. The default is PIL's limit: twice
  /// its MAX_IMAGE_PIXELS, beyond which it raises DecompressionBombError. RGB of this size takes 512 MiB.
  std::int64_t max_pixels = 178956970;
  /// Largest encoded size; 1..2^31.
  std::int64_t max_bytes = 256 << 20;
  /// Maximum scans of a JPEG, each of which costs as much as the first; 1..2^31.
  std::int64_t max_scans = 500;
  Truncated truncated = Truncated::kRefuse;
  /// 0: exact. Otherwise a JPEG may be decoded at a half, a quarter or an eighth of its size, if both sides stay at
  /// least this long (1..65535): faster, but the pixels differ from PIL's. The sizes are those of PIL's draft().
  std::int64_t approx_size = 0;
};
/// Decodes JPEG, PNG or WebP, detected by content; of an animation the first frame. Checks the call's deadline and
/// cancellation while it runs. Errors: invalid_argument (not an image, truncated, corrupt), unsupported (a colour
/// model, which the message names), resource_exhausted (a limit), deadline_exceeded, cancelled.
///
/// As in PIL, damage that libjpeg repairs with a warning is not an error. In a chain that needs only a part of the
/// image, damage elsewhere in the file is still an error.
GANTRY_API Stage<Bytes, Image> decode(const Decode& options = {});

}  // namespace image
}  // namespace GANTRY_ABI
}  // namespace gantry
