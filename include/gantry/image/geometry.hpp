// SPDX-License-Identifier: Apache-2.0
// Crops, borders, mirrored and turned images: where pixels go, not what they are.
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

/// The colour of a border: one number for every channel, or one per channel of the image; an image of another colour
/// model is then an invalid_argument.
class Fill {
 public:
  constexpr Fill(std::uint8_t every = 0) : values_{every, every, every, every} {}  // NOLINT: a number is a colour
  constexpr Fill(std::uint8_t red, std::uint8_t green, std::uint8_t blue)
      : values_{red, green, blue, 0}, channels_(3) {}
  constexpr Fill(std::uint8_t red, std::uint8_t green, std::uint8_t blue, std::uint8_t alpha)
      : values_{red, green, blue, alpha}, channels_(4) {}

  /// 3 or 4 if there is one number per channel; 0: the same for all.
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

/// Rows top..top+height, columns left..left+width, as PIL's crop: what is outside the image is 0. left and top
/// -65535..65535, sides 1..65535.
GANTRY_API Stage<Image, Image> crop(std::int64_t left, std::int64_t top, std::int64_t width, std::int64_t height);

/// Where the odd pixel goes when the middle is cut out.
enum class Centre : std::uint8_t {
  kHalfEven,  ///< torchvision's CenterCrop: round((image - crop) / 2), halves to even
  kFloor,     ///< floor((image - crop) / 2): transformers' center_crop() on numpy arrays, CLIP's among them
  kTruncate,  ///< int((image - crop) / 2): transformers' processors on torch tensors
};
/// The middle; smaller images get a border of `value`. Sides 1..65535.
GANTRY_API Stage<Image, Image> center_crop(std::int64_t size, Centre centre = Centre::kHalfEven, Fill value = 0);
GANTRY_API Stage<Image, Image> center_crop(std::int64_t width, std::int64_t height, Centre centre = Centre::kHalfEven,
                                           Fill value = 0);
/// The square in the middle whose side is int(fraction * the image's shorter side): transformers' Perceiver. `fraction`
/// is above 0, at most 1; invalid_argument for an image of which nothing would be left.
GANTRY_API Stage<Image, Image> crop_short(double fraction = 1, Centre centre = Centre::kHalfEven);
/// torchvision's FiveCrop: top left, top right, bottom left, bottom right, centre. invalid_argument if the image is
/// smaller than the crop.
GANTRY_API Stage<Image, std::vector<Image>> five_crop(std::int64_t size);
GANTRY_API Stage<Image, std::vector<Image>> five_crop(std::int64_t width, std::int64_t height);

enum class PadMode : std::uint8_t {
  kConstant,  ///< `value` in every channel
  kEdge,      ///< the pixel at the edge, again and again
  kReflect,   ///< mirrored at the edge, whose pixel is not repeated; each border is smaller than the image's side
};
struct Pad {
  std::int64_t left = 0, top = 0, right = 0, bottom = 0;  ///< each 0..65535
  Fill value = 0;
  PadMode mode = PadMode::kConstant;
};
/// torchvision's Pad.
GANTRY_API Stage<Image, Image> pad(const Pad& options);

/// Where an image lies on a larger canvas.
enum class Anchor : std::uint8_t {
  kCentre,   ///< half of what is missing on the left and above, rounded down
  kTopLeft,  ///< all of it on the right and below
};
/// A larger size, whichever the image has. Say one of three: `width` and `height`, `multiple`, `square`.
struct PadTo {
  std::int64_t width = 0, height = 0;  ///< each 1..65535; a larger image is an invalid_argument
  std::int64_t multiple = 0;           ///< 1..65535: each side to the next multiple
  bool square = false;                 ///< both sides to the longer one
  Anchor anchor = Anchor::kCentre;
  Fill value = 0;
};
/// As LLaVA's expand2square (centre), and as transformers' pad() before numbers are normalised (top left).
GANTRY_API Stage<Image, Image> pad_to(const PadTo& options);

/// The image as large as fits into width x height, centred on a canvas of `value`: ultralytics' LetterBox with
/// auto=False. The ratio is min(height / H, width / W); sides and offsets are rounded as Python does.
struct Letterbox {
  std::int64_t width = 640, height = 640;  ///< each 1..65535
  Fill value = 114;
  bool scale_up = true;  ///< false: small images keep their size
  Resampling how = {Filter::kBilinear, Reference::kOpenCv};
};
GANTRY_API Stage<Image, Image> letterbox(const Letterbox& options = {});
/// Boxes on the model's input in pixels of the picture it came from, whichever ops resized, cropped, mirrored or padded
/// that; for a letterbox, as ultralytics' scale_boxes(). See Frame.
struct Unletterbox {
  bool clip = true;  ///< to the picture
};
/// Boxes f32[N, 4] as x0, y0, x1, y1; further columns stay as they are. NaN stays NaN, and no box is none. Errors:
/// failed_precondition if no op before knew the picture.
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
