// SPDX-License-Identifier: Apache-2.0
// Crops, borders, mirrored and rotated images: ops that move pixels and do not change them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <gantry/image/image.hpp>
#include <gantry/image/resize.hpp>
#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace image {

/// The colour of a border: one number for all channels, or one per channel of the image; an image with another number
/// of channels is then invalid_argument.
class Fill {
 public:
  constexpr Fill(std::uint8_t every = 0) : values_{every, every, every, every} {}  // NOLINT: a number is a colour
  constexpr Fill(std::uint8_t red, std::uint8_t green, std::uint8_t blue)
      : values_{red, green, blue, 0}, channels_(3) {}
  constexpr Fill(std::uint8_t red, std::uint8_t green, std::uint8_t blue, std::uint8_t alpha)
      : values_{red, green, blue, alpha}, channels_(4) {}

  /// 3 or 4 with one number per channel; 0: the same for all channels.
  constexpr std::size_t channels() const { return channels_; }
  constexpr std::uint8_t operator[](std::size_t channel) const { return values_[channel]; }
  friend constexpr bool operator==(const Fill& a, const Fill& b) {
    return a.channels_ == b.channels_ && a.values_ == b.values_;
  }
  friend constexpr bool operator!=(const Fill& a, const Fill& b) { return !(a == b); }

 private:
  std::array<std::uint8_t, 4> values_;
  std::uint8_t channels_ = 0;
};

/// Rows top..top+height, columns left..left+width, as PIL's crop: pixels outside the image are 0. left and top
/// -65535..65535, sides 1..65535.
GANTRY_API Stage<Image, Image> crop(std::int64_t left, std::int64_t top, std::int64_t width, std::int64_t height);

/// Where the odd pixel goes in a centre crop.
enum class Centre : std::uint8_t {
  kHalfEven,  ///< torchvision's CenterCrop: round((image - crop) / 2), halves to even
  kFloor,     ///< floor((image - crop) / 2): transformers' center_crop() on numpy arrays, also CLIP's
  kTruncate,  ///< int((image - crop) / 2): transformers' processors on torch tensors
};
/// The centre of the image; smaller images get a border of `value`. Sides 1..65535.
GANTRY_API Stage<Image, Image> center_crop(std::int64_t size, Centre centre = Centre::kHalfEven, Fill value = 0);
GANTRY_API Stage<Image, Image> center_crop(std::int64_t width, std::int64_t height, Centre centre = Centre::kHalfEven,
                                           Fill value = 0);
/// The centre square with the side int(fraction * the image's shorter side): transformers' Perceiver. `fraction` is
/// above 0, at most 1; invalid_argument if nothing of the image would remain.
GANTRY_API Stage<Image, Image> crop_short(double fraction = 1, Centre centre = Centre::kHalfEven);
/// torchvision's FiveCrop: top left, top right, bottom left, bottom right, centre. invalid_argument if the image is
/// smaller than the crop.
GANTRY_API Stage<Image, std::vector<Image>> five_crop(std::int64_t size);
GANTRY_API Stage<Image, std::vector<Image>> five_crop(std::int64_t width, std::int64_t height);

enum class PadMode : std::uint8_t {
  kConstant,  ///< `value` in every channel
  kEdge,      ///< repeats the pixel at the edge
  kReflect,   ///< mirrored at the edge pixel, which is not repeated; each border is smaller than the image's side
};
struct Pad {
  std::int64_t left = 0, top = 0, right = 0, bottom = 0;  ///< each 0..65535
  Fill value = 0;
  PadMode mode = PadMode::kConstant;
};
/// torchvision's Pad.
GANTRY_API Stage<Image, Image> pad(const Pad& options);

/// The position of an image on a larger canvas.
enum class Anchor : std::uint8_t {
  kCentre,   ///< half of the border on the left and above, rounded down
  kTopLeft,  ///< all of the border on the right and below
};
/// Pads any image to a larger size. Set one of three: `width` and `height`, `multiple`, `square`.
struct PadTo {
  std::int64_t width = 0, height = 0;  ///< each 1..65535; a larger image is invalid_argument
  std::int64_t multiple = 0;           ///< 1..65535: rounds each side up to a multiple
  bool square = false;                 ///< both sides become as long as the longer one
  Anchor anchor = Anchor::kCentre;
  Fill value = 0;
};
/// As LLaVA's expand2square (centre), and as transformers' pad() before normalisation (top left).
GANTRY_API Stage<Image, Image> pad_to(const PadTo& options);

/// Scales the image to the largest size within width x height, centred on a canvas of `value`: ultralytics' LetterBox
/// with auto=False. The ratio is min(height / H, width / W); sides and offsets are rounded as in Python.
struct Letterbox {
  std::int64_t width = 640, height = 640;  ///< each 1..65535
  Fill value = 114;
  bool scale_up = true;  ///< false: small images keep their size
  Resampling how = {Filter::kBilinear, Reference::kOpenCv};
};
GANTRY_API Stage<Image, Image> letterbox(const Letterbox& options = {});
/// Maps boxes on the model's input to pixels of the original picture, for any resizing, cropping, mirroring and
/// padding; for a letterbox as ultralytics' scale_boxes(). See Frame.
struct Unletterbox {
  bool clip = true;  ///< to the picture's edges
};
/// Boxes f32[N, 4] as x0, y0, x1, y1; further columns stay unchanged. NaN stays NaN, and N may be 0. Errors:
/// failed_precondition if no earlier op knew the picture.
GANTRY_API Stage<Tensor, Tensor> unletterbox(const Unletterbox& options = {});

enum class FlipAxis : std::uint8_t { kHorizontal, kVertical };
/// kHorizontal mirrors left to right, as PIL's FLIP_LEFT_RIGHT.
GANTRY_API Stage<Image, Image> flip(FlipAxis axis = FlipAxis::kHorizontal);
/// `turns` quarter turns counterclockwise, 0..3, as numpy's rot90 and PIL's ROTATE_90, ROTATE_180, ROTATE_270.
GANTRY_API Stage<Image, Image> rotate90(std::int64_t turns = 1);

/// True for images with one channel.
GANTRY_API Predicate<Image> is_gray();

}  // namespace image
}  // namespace GANTRY_ABI
}  // namespace gantry
