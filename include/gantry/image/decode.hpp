// SPDX-License-Identifier: Apache-2.0
// From the bytes of an image file to pixels.
#pragma once

#include <cstdint>

#include <gantry/bytes.hpp>
#include <gantry/image/image.hpp>
#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace image {

/// What decode() makes of the file's colour model.
enum class ColourMode : std::uint8_t {
  kRgb,        ///< always RGB, as PIL's convert("RGB")
  kUnchanged,  ///< gray stays gray, RGB stays RGB, anything with alpha becomes RGBA
};

/// What becomes of a file that ends early, or whose pixel data cannot be read to its end.
enum class Truncated : std::uint8_t {
  kRefuse,  ///< invalid_argument, as PIL
  kAccept,  ///< as PIL with LOAD_TRUNCATED_IMAGES: JPEG as libjpeg fills it in, mostly gray; PNG with zeros. WebP is
            ///< refused
};

struct Decode {
  ColourMode colour = ColourMode::kRgb;
  /// Applies the EXIF orientation, as PIL's ImageOps.exif_transpose. PIL's open does not, hence the default.
  bool exif_orientation = false;
  /// Largest width * height, read from the header before anything is allocated; 1..2^31. The default is what PIL opens:
  /// twice its MAX_IMAGE_PIXELS, beyond which it raises DecompressionBombError. RGB of this size takes 512 MiB.
  std::int64_t max_pixels = 178956970;
  /// Largest encoded size; 1..2^31.
  std::int64_t max_bytes = 256 << 20;
  /// Most scans of a JPEG, each of which costs as much as the first; 1..2^31.
  std::int64_t max_scans = 500;
  Truncated truncated = Truncated::kRefuse;
  /// 0: exact. Otherwise a JPEG may be decoded at a half, a quarter or an eighth of its size, as long as both sides are
  /// at least this (1..65535): faster, and no longer the pixels that PIL has. The sizes are those of PIL's draft().
  std::int64_t approx_size = 0;
};
/// JPEG, PNG or WebP, told apart by content; of an animation the first frame. The call's deadline and cancellation are
/// looked at while a file is decoded. Errors: invalid_argument (not an image, truncated, corrupt), unsupported (a
/// colour model named in the message), resource_exhausted (a limit), deadline_exceeded, cancelled.
///
/// As in PIL, damage that libjpeg makes up for with a warning is no error. In a chain that needs only a part of the
/// image, what is wrong with the rest of the file is an error all the same.
GANTRY_API Stage<Bytes, Image> decode(const Decode& options = {});

}  // namespace image
}  // namespace GANTRY_ABI
}  // namespace gantry
