// SPDX-License-Identifier: Apache-2.0
// image.to_gray, image.to_rgb, image.premultiply and image.unpremultiply (Pillow: src/libImaging/Convert.c; OpenCV:
// modules/imgproc/src/color_rgb.simd.hpp).
#include <cstring>
#include <gantry/image.hpp>
#include <string>

#include "ops/image/kernels/store_kernels.hpp"
#include "ops/image/rgb_copy.hpp"

namespace gantry::inline GANTRY_ABI {

Result<Image> detail::rgb_copy(const Image& image) {
  auto copy = Image::make(image.width(), image.height(), Colour::kRgb);
  if (!copy) return copy;
  const std::size_t channels = image.channels();
  for (std::int64_t y = 0; y < image.height(); ++y) {
    const std::uint8_t* pixel = image.row(y);
    std::uint8_t* row = copy->mutable_row(y);
    if (channels == 3) {
      std::memcpy(row, pixel, static_cast<std::size_t>(image.width()) * 3);
      continue;
    }
    for (std::int64_t x = 0; x < image.width(); ++x, pixel += channels, row += 3)
      channels == 1 ? std::memset(row, *pixel, 3) : std::memcpy(row, pixel, 3);
  }
  return copy;
}

namespace image {
namespace {

struct ToGray {
  Reference reference;
};
struct ToRgb {};
struct Premultiply {};
struct Unpremultiply {};

/// A weighted sum of the three colours, in fixed point with `shift` bits.
struct GrayRule {
  std::uint32_t red, green, blue;
  int shift;
};
constexpr GrayRule kPillowRule = {19595, 38470, 7471, 16};
constexpr GrayRule kOpenCvRule = {9798, 19235, 3735, 15};

Result<Image> run_to_gray(const GrayRule& rule, const Image& image) {
  if (image.colour() == Colour::kGray) return image;
  auto out = Image::make(image.width(), image.height(), Colour::kGray);
  if (!out) return out;
  const std::size_t channels = image.channels();
  for (std::int64_t y = 0; y < image.height(); ++y) {
    const std::uint8_t* pixel = image.row(y);
    std::uint8_t* row = out->mutable_row(y);
    for (std::int64_t x = 0; x < image.width(); ++x, pixel += channels)
      row[x] = static_cast<std::uint8_t>(
          (rule.red * pixel[0] + rule.green * pixel[1] + rule.blue * pixel[2] + (1u << rule.shift >> 1)) >> rule.shift);
  }
  return out;
}

Result<Image> run_to_rgb(const Image& image) {
  return image.colour() == Colour::kRgb ? image : detail::rgb_copy(image);
}

Result<Image> run_premultiply(const Image& image) {
  if (image.colour() != Colour::kRgba) return image;
  auto out = Image::make(image.width(), image.height(), Colour::kRgba);
  if (!out) return out;
  for (std::int64_t y = 0; y < image.height(); ++y)
    detail::premultiply_row(image.row(y), out->mutable_row(y), static_cast<std::size_t>(image.width()));
  return out;
}

Result<Image> run_unpremultiply(const Image& image) {
  if (image.colour() != Colour::kRgba) return image;
  auto out = Image::make(image.width(), image.height(), Colour::kRgba);
  if (!out) return out;
  for (std::int64_t y = 0; y < image.height(); ++y) {
    std::memcpy(out->mutable_row(y), image.row(y), static_cast<std::size_t>(image.width()) * 4);
    detail::divide_by_alpha_row(out->mutable_row(y), static_cast<std::size_t>(image.width()));
  }
  return out;
}

}  // namespace

Stage<Image, Image> to_gray(Reference reference) {
  Result<void> check;
  if (reference != Reference::kPillow && reference != Reference::kOpenCv)
    check = Error(ErrorCode::kInvalidArgument,
                  std::string("to_gray follows pillow or opencv, not ") + to_string(reference));
  return detail::make_op<Image, Image>(
      "image.to_gray", ToGray{reference}, std::string("reference=") + to_string(reference), std::move(check),
      [](const ToGray& p, Image&& image) {
        return run_to_gray(p.reference == Reference::kOpenCv ? kOpenCvRule : kPillowRule, image);
      });
}

Stage<Image, Image> to_rgb() {
  return detail::make_op<Image, Image>("image.to_rgb", ToRgb{}, "", {},
                                       [](const ToRgb&, Image&& image) { return run_to_rgb(image); });
}

Stage<Image, Image> premultiply() {
  return detail::make_op<Image, Image>("image.premultiply", Premultiply{}, "", {},
                                       [](const Premultiply&, Image&& image) { return run_premultiply(image); });
}

Stage<Image, Image> unpremultiply() {
  return detail::make_op<Image, Image>("image.unpremultiply", Unpremultiply{}, "", {},
                                       [](const Unpremultiply&, Image&& image) { return run_unpremultiply(image); });
}

}  // namespace image
}  // namespace gantry::inline GANTRY_ABI
