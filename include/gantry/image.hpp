// SPDX-License-Identifier: Apache-2.0
// Image: 8-bit pixels with a colour model, and the image stages.
//
//   auto chain = image::decode() | image::resize_short(256, image::Filter::kBicubic) | image::center_crop(224)
//              | image::to_tensor(image::affine(127, 128));
//
// Each stage names the reference it equals bit for bit (see lib/model/manifest.schema.md); here that is Pillow for
// geometry and filters, torchvision for rounding rules and normalisation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <gantry/bytes.hpp>
#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>

namespace gantry {

/// What the channels of an image mean; the number of channels follows from it.
enum class Colour : std::uint8_t { kGray, kRgb, kRgba };

GANTRY_API const char* to_string(Colour colour) noexcept;
/// 1, 3 or 4.
GANTRY_API std::size_t channels_of(Colour colour) noexcept;

/// Interleaved 8-bit pixels, rows of equal stride.
///
/// Ownership: shares its pixels; copies and crops are cheap.
/// Threads:   thread-compatible.
/// Errors:    invalid_argument for a size below 1x1 or a tensor that is not u8[H, W, C] with dense rows of pixels;
///            resource_exhausted for an image to be made, also by the stages below, of more than 2^31 bytes.
/// Cost:      as Tensor.
class GANTRY_API Image {
 public:
  /// Uninitialised pixels.
  static Result<Image> make(std::int64_t width, std::int64_t height, Colour colour);
  /// Looks at u8[height, width, channels]; pixels within a row must be dense, rows may have any stride.
  static Result<Image> from(Tensor pixels, Colour colour);

  std::int64_t width() const { return pixels_.shape()[1]; }
  std::int64_t height() const { return pixels_.shape()[0]; }
  std::size_t channels() const { return channels_of(colour_); }
  Colour colour() const { return colour_; }
  DType dtype() const { return pixels_.dtype(); }
  std::int64_t row_stride_bytes() const { return pixels_.strides()[0]; }
  const std::uint8_t* row(std::int64_t y) const {
    return static_cast<const std::uint8_t*>(pixels_.data()) + y * row_stride_bytes();
  }
  std::uint8_t* mutable_row(std::int64_t y) {
    return static_cast<std::uint8_t*>(pixels_.mutable_data()) + y * row_stride_bytes();
  }
  /// u8[height, width, channels].
  const Tensor& pixels() const { return pixels_; }
  Tensor& pixels() { return pixels_; }
  /// Rows top..top+height, columns left..left+width; a view. invalid_argument outside the image.
  Result<Image> crop(std::int64_t left, std::int64_t top, std::int64_t width, std::int64_t height) const;

 private:
  Image(Tensor pixels, Colour colour) : pixels_(std::move(pixels)), colour_(colour) {}
  Tensor pixels_;
  Colour colour_;
};

namespace detail {
template <>
struct Compact<Image> {
  static constexpr bool needed = true;
  static void apply(Image& image) { Compact<Tensor>::apply(image.pixels()); }
};
}  // namespace detail

namespace image {

/// Resampling filters of Pillow; all antialias on downscaling.
enum class Filter : std::uint8_t { kBox, kBilinear, kHamming, kBicubic, kLanczos };

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

/// To width x height, each 1..65535. Bit-equal to Pillow's Image.resize for L, RGB and RGBA.
GANTRY_API Stage<Image, Image> resize(std::int64_t width, std::int64_t height, Filter filter = Filter::kBilinear);
/// Shorter side to `size` (1..65535), longer side int(size * long / short): torchvision's Resize(int).
GANTRY_API Stage<Image, Image> resize_short(std::int64_t size, Filter filter = Filter::kBilinear);
/// torchvision's CenterCrop: offsets rounded half to even, smaller images padded with 0 first. Sides 1..65535.
GANTRY_API Stage<Image, Image> center_crop(std::int64_t size);
GANTRY_API Stage<Image, Image> center_crop(std::int64_t width, std::int64_t height);
/// torchvision's FiveCrop: top left, top right, bottom left, bottom right, centre. invalid_argument if the image is
/// smaller than the crop.
GANTRY_API Stage<Image, std::vector<Image>> five_crop(std::int64_t size);
GANTRY_API Stage<Image, std::vector<Image>> five_crop(std::int64_t width, std::int64_t height);

struct Pad {
  std::int64_t left = 0, top = 0, right = 0, bottom = 0;  ///< each 0..65535
  std::uint8_t value = 0;                                 ///< for every channel
};
GANTRY_API Stage<Image, Image> pad(const Pad& options);

enum class FlipAxis : std::uint8_t { kHorizontal, kVertical };
/// kHorizontal mirrors left to right, as PIL's FLIP_LEFT_RIGHT.
GANTRY_API Stage<Image, Image> flip(FlipAxis axis = FlipAxis::kHorizontal);

/// How bytes become floats. `mean` and `std` have one number, or one per channel; finite, std not 0.
struct Normalize {
  enum class Mode : std::uint8_t {
    kTorchvision,  ///< ((u8 / 255) - mean) / std, each operation rounded to float32: ToTensor, then Normalize
    kAffine,       ///< (u8 - mean) / std, each operation rounded to float32
  };
  Mode mode = Mode::kTorchvision;
  std::vector<float> mean = {0.0f};
  std::vector<float> std = {1.0f};
};
inline Normalize affine(float mean, float std) {
  return {Normalize::Mode::kAffine, {mean}, {std}};
}
inline Normalize torchvision(std::vector<float> mean, std::vector<float> std) {
  return {Normalize::Mode::kTorchvision, std::move(mean), std::move(std)};
}
/// f32[channels, height, width]. With the defaults: torchvision's ToTensor.
GANTRY_API Stage<Image, Tensor> to_tensor(const Normalize& normalize = {});

/// True for images with one channel.
GANTRY_API Predicate<Image> is_gray();

}  // namespace image
}  // namespace gantry
