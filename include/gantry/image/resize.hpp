// SPDX-License-Identifier: Apache-2.0
// Other sizes: resampling, with the filters and rounding rules of a named reference.
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
  kNearest,       ///< one pixel, by the reference's own rule of which
  kNearestExact,  ///< the pixel at the centre: torch's "nearest-exact", OpenCV's INTER_NEAREST_EXACT
  kArea,          ///< OpenCV's INTER_AREA: the mean of what an output covers; linear where the image grows
  kLanczos4,      ///< OpenCV's INTER_LANCZOS4
};

/// How pixels of another size are computed. Which filters a reference has is in lib/model/manifest.schema.md; a
/// combination that it lacks is an invalid_argument.
struct Resampling {
  Filter filter = Filter::kBilinear;
  Reference reference = Reference::kPillow;
  /// Whether a filter widens where the image shrinks, so that every pixel counts. Pillow's always do, OpenCV's never,
  /// whatever is said here; false is for torch_u8 only.
  bool antialias = true;

  Resampling() = default;
  Resampling(Filter f, Reference r = Reference::kPillow, bool a = true) : filter(f), reference(r), antialias(a) {}
};

/// To width x height, each 1..65535.
GANTRY_API Stage<Image, Image> resize(std::int64_t width, std::int64_t height, const Resampling& how = {});

/// A part of an image, in pixels and fractions of them: 0 <= left < right, 0 <= top < bottom.
struct Box {
  float left, top, right, bottom;
};
/// What else Pillow's Image.resize() takes; no other reference has it.
struct Resize {
  std::int64_t width = 0, height = 0;  ///< each 1..65535
  Resampling how;
  /// The part that is resampled; invalid_argument for an image that it does not lie in. Pixels around it have a share
  /// in the result as far as the filter reaches. Where it cuts whole pixels out at the size asked for, they are copied.
  std::optional<Box> box;
  /// 0: none. From 1 on: blocks of pixels become their mean first, as long as what is left is at least this many times
  /// the size of the result. Nearly the same result, and what Pillow's thumbnail() does; slower here than without. A
  /// block of 2^23 pixels or more is invalid_argument: Pillow's arithmetic ends there.
  double reducing_gap = 0;
};
GANTRY_API Stage<Image, Image> resize(const Resize& options);

/// What becomes of fractions of a pixel in the size of a result.
enum class Rounding : std::uint8_t {
  kTruncate,  ///< left out, as Python's int()
  kRound,     ///< to the nearest, halves to even, as Python's round()
  kHalfUp,    ///< to the nearest, halves up, as int(side + 0.5)
};
/// Shorter side to `size` (1..65535), longer side int(size * long / short): torchvision's Resize(int). With a
/// `max_size`, which is larger than `size`, the longer side is at most that, and the shorter one int(max_size * short /
/// long): torchvision's Resize(int, max_size=int). 0: no limit but 65535.
///
/// With `rounding` kRound DETR's rule is followed where `max_size` (from `size` on) limits: with s = max_size * short /
/// long, the shorter side is round(s) and the longer one int(s * long / short); an image whose shorter side is round(s)
/// stays as it is. A side of 0 is an invalid_argument.
GANTRY_API Stage<Image, Image> resize_short(std::int64_t size, const Resampling& how = {}, std::int64_t max_size = 0,
                                            Rounding rounding = Rounding::kTruncate);
/// Which of the two sides has the size that is asked for.
enum class FitTo : std::uint8_t {
  kInside,   ///< the one that leaves the image within width x height
  kCover,    ///< the one that leaves it no smaller than width x height
  kNearest,  ///< the one that changes the image's size less
};
struct Fit {
  std::int64_t width = 0, height = 0;  ///< each 1..65535
  FitTo fit = FitTo::kInside;
  /// kRound: timm's ResizeKeepRatio, round(side / ratio); kTruncate: transformers' max_height and max_width, int(side *
  /// scale). Both are double; ratio is side / size, scale size / side, of the side that is chosen.
  Rounding rounding = Rounding::kRound;
  /// 1..65535: both sides are multiples of it, round(scale * side / multiple) * multiple: transformers' DPT. 0: any.
  std::int64_t multiple = 0;
  Resampling how{};
};
/// Another size at the image's ratio of sides. A side of 0 is an invalid_argument, one of which more
/// than 65535 is seen a resource_exhausted.
GANTRY_API Stage<Image, Image> resize_fit(const Fit& options);
/// PIL's Image.thumbnail(), whose defaults these are.
struct Thumbnail {
  std::int64_t width = 128, height = 128;  ///< each 1..65535
  Filter filter = Filter::kBicubic;
  double reducing_gap = 2;  ///< as Resize's
};
/// No larger than width x height, at the ratio of the sides that comes nearest to the image's; smaller images stay as
/// they are. Of a JPEG, PIL's thumbnail() has libjpeg make a smaller image first. Here that is decode()'s approx_size,
/// and happens only where a chain asks for it: with approx_size = int(side * reducing_gap) in front of a square
/// thumbnail the result is PIL's if the sides of the file can be divided by what libjpeg divides them by. Otherwise PIL
/// still goes by the sides of the file, which an image in memory does not know.
GANTRY_API Stage<Image, Image> thumbnail(const Thumbnail& options = {});
/// Longer side to `size` (1..65535), shorter side int(size * short / long), at least 1. With `rounding` kHalfUp the
/// rule of Segment Anything: int(short * (size / long) + 0.5), where a side of 0 is an invalid_argument. Not kRound.
GANTRY_API Stage<Image, Image> resize_long(std::int64_t size, const Resampling& how = {},
                                           Rounding rounding = Rounding::kTruncate);

}  // namespace image
}  // namespace GANTRY_ABI
}  // namespace gantry
