// SPDX-License-Identifier: Apache-2.0
// Resizing: resampling with the filters and rounding rules of a named reference.
//
//   image::resize_short(256)                                          // Pillow's bilinear
//   image::resize(640, 480, {image::Filter::kBicubic, image::Reference::kTorchU8})
#pragma once

#include <cstdint>
#include <optional>

#include <gantry/image/image.hpp>
#include <gantry/image/reference.hpp>
#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace image {

enum class Filter : std::uint8_t {
  kBox,
  kBilinear,
  kHamming,
  kBicubic,
  kLanczos,
  kNearest,       ///< a single pixel, chosen by the reference's own rule
  kNearestExact,  ///< the pixel at the centre: torch's "nearest-exact", OpenCV's INTER_NEAREST_EXACT
  kArea,          ///< OpenCV's INTER_AREA: the mean of the covered area; linear where the image grows
  kLanczos4,      ///< OpenCV's INTER_LANCZOS4
};

/// How to compute the pixels of the new size. lib/model/manifest.schema.md lists the filters of each reference; a
/// missing combination is invalid_argument.
struct Resampling {
  Filter filter = Filter::kBilinear;
  Reference reference = Reference::kPillow;
  /// Whether the filter widens when the image shrinks, so that every pixel counts. Pillow's filters always do, OpenCV's
  /// never do, whatever this says; false is for torch_u8 only.
  bool antialias = true;

  Resampling() = default;
  Resampling(Filter f, Reference r = Reference::kPillow, bool a = true) : filter(f), reference(r), antialias(a) {}
};

/// Resizes to width x height, each 1..65535.
GANTRY_API Stage<Image, Image> resize(std::int64_t width, std::int64_t height, const Resampling& how = {});

/// A part of an image, in pixels and fractions of pixels: 0 <= left < right, 0 <= top < bottom.
struct Box {
  float left, top, right, bottom;
};
/// The other parameters of Pillow's Image.resize(); for no other reference.
struct Resize {
  std::int64_t width = 0, height = 0;  ///< each 1..65535
  Resampling how;
  /// The part to resample; invalid_argument if it is not inside the image. Pixels around it contribute as far as the
  /// filter reaches. If it consists of whole pixels and has the requested size, they are copied.
  std::optional<Box> box;
  /// 0: none. From 1 on: first replaces blocks of pixels by their means, while the remaining size is at least this many
  /// times the size of the result. Nearly the same result, as in Pillow's thumbnail(); slower here than without. A
  /// block of 2^23 pixels or more is invalid_argument: Pillow's arithmetic ends there.
  double reducing_gap = 0;
};
GANTRY_API Stage<Image, Image> resize(const Resize& options);

/// How to round fractions of a pixel in the size of a result.
enum class Rounding : std::uint8_t {
  kTruncate,  ///< cut off, as Python's int()
  kRound,     ///< to the nearest, halves to even, as Python's round()
  kHalfUp,    ///< to the nearest, halves up, as int(side + 0.5)
};
/// Shorter side to `size` (1..65535), longer side int(size * long / short): torchvision's Resize(int). With a
/// `max_size`, which is larger than `size`, the longer side is at most that, and the shorter one int(max_size * short /
/// long): torchvision's Resize(int, max_size=int). 0: no limit but 65535.
///
/// With `rounding` kRound, DETR's rule applies if `max_size` (at least `size`) limits: with s = max_size * short /
/// long, the shorter side is round(s) and the longer one int(s * long / short); an image whose shorter side is round(s)
/// stays unchanged. A side of 0 is invalid_argument.
GANTRY_API Stage<Image, Image> resize_short(std::int64_t size, const Resampling& how = {}, std::int64_t max_size = 0,
                                            Rounding rounding = Rounding::kTruncate);
/// Which of the two sides gets the requested size.
enum class FitTo : std::uint8_t {
  kInside,   ///< the one that keeps the image within width x height
  kCover,    ///< the one that makes it at least width x height
  kNearest,  ///< the one that changes the image's size less
};
struct Fit {
  std::int64_t width = 0, height = 0;  ///< each 1..65535
  FitTo fit = FitTo::kInside;
  /// kRound: timm's ResizeKeepRatio, round(side / ratio); kTruncate: transformers' max_height and max_width, int(side *
  /// scale). Both in double; ratio is side / size, scale is size / side, of the chosen side.
  Rounding rounding = Rounding::kRound;
  /// 1..65535: both sides become multiples, round(scale * side / multiple) * multiple: transformers' DPT. 0: any size.
  std::int64_t multiple = 0;
  Resampling how{};
};
/// Resizes and keeps the image's aspect ratio. A side of 0 is invalid_argument. resource_exhausted if later stages see
/// more than 65535 pixels of a side, or if a side exceeds 2^26.
GANTRY_API Stage<Image, Image> resize_fit(const Fit& options);
/// PIL's Image.thumbnail(), with its defaults.
struct Thumbnail {
  std::int64_t width = 128, height = 128;  ///< each 1..65535
  Filter filter = Filter::kBicubic;
  double reducing_gap = 2;  ///< as Resize::reducing_gap
};
/// At most width x height, at the ratio of sides nearest to the image's; smaller images stay unchanged. For a JPEG,
/// PIL's thumbnail() lets libjpeg decode a smaller image first. Here that is decode()'s approx_size, and happens only
/// if the chain sets it: with approx_size = int(side * reducing_gap) before a square thumbnail the result equals PIL's
/// if libjpeg's divisor divides the sides of the file. Otherwise PIL still uses the sides of the file, which an image
/// in memory does not know.
GANTRY_API Stage<Image, Image> thumbnail(const Thumbnail& options = {});
/// Longer side to `size` (1..65535), shorter side int(size * short / long), at least 1. kHalfUp: the rule of Segment
/// Anything, int(short * (size / long) + 0.5), where a side of 0 is invalid_argument. kRound is not allowed.
GANTRY_API Stage<Image, Image> resize_long(std::int64_t size, const Resampling& how = {},
                                           Rounding rounding = Rounding::kTruncate);

}  // namespace image
}  // namespace GANTRY_ABI
}  // namespace gantry
