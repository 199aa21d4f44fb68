// SPDX-License-Identifier: Apache-2.0
// Image: pixels as a u8[H, W, C] tensor whose rows are dense.
#include <gantry/image.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/geometry.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

Error bad_image(const std::string& message) {
  return Error(ErrorCode::kInvalidArgument, message);
}

}  // namespace

const char* to_string(Colour colour) noexcept {
  switch (colour) {
    case Colour::kGray:
      return "gray";
    case Colour::kRgb:
      return "rgb";
    case Colour::kRgba:
      return "rgba";
  }
  return "unknown";
}

std::size_t channels_of(Colour colour) noexcept {
  switch (colour) {
    case Colour::kGray:
      return 1;
    case Colour::kRgb:
      return 3;
    case Colour::kRgba:
      return 4;
  }
  return 0;
}

Result<Image> Image::make(std::int64_t width, std::int64_t height, Colour colour) {
  if (width < 1 || height < 1)
    return bad_image("an image has at least 1x1 pixels, got " + std::to_string(width) + "x" + std::to_string(height));
  const auto channels = static_cast<std::int64_t>(channels_of(colour));
  if (channels == 0) return bad_image("unknown colour model");
  GANTRY_RETURN_IF_ERROR(detail::check_image_bytes({width, height}, channels_of(colour)));
  GANTRY_ASSIGN_OR_RETURN(auto pixels, Tensor::make(DType::kU8, {height, width, channels}));
  return Image(std::move(pixels), colour);
}

Result<Image> Image::from(Tensor pixels, Colour colour) {
  const auto channels = static_cast<std::int64_t>(channels_of(colour));
  if (pixels.dtype() != DType::kU8 || pixels.rank() != 3 || pixels.shape()[2] != channels)
    return bad_image("pixels of a " + std::string(to_string(colour)) + " image are u8[height, width, " +
                     std::to_string(channels) + "], got " + pixels.to_string());
  if (!pixels.device().is_cpu()) return bad_image("an image is on the CPU, got " + pixels.to_string());
  if (pixels.numel() == 0) return bad_image("an image has at least 1x1 pixels, got " + pixels.to_string());
  const Shape& strides = pixels.strides();
  const bool has_dense_pixels = channels == 1 || strides[2] == 1;
  const bool has_dense_rows = pixels.shape()[1] == 1 || strides[1] == channels;
  if (!has_dense_pixels || !has_dense_rows)
    return bad_image("an image needs rows of dense pixels, got " + pixels.to_string() + " with strides " +
                     strides.to_string());
  return Image(std::move(pixels), colour);
}

Result<Image> Image::crop(std::int64_t left, std::int64_t top, std::int64_t width, std::int64_t height) const {
  const bool is_inside = width >= 1 && height >= 1 && left >= 0 && top >= 0 && left <= this->width() - width &&
                         top <= this->height() - height;
  if (!is_inside)
    return bad_image("crop of " + std::to_string(width) + "x" + std::to_string(height) + " at " + std::to_string(left) +
                     "," + std::to_string(top) + " is outside the " + std::to_string(this->width()) + "x" +
                     std::to_string(this->height()) + " image");
  GANTRY_ASSIGN_OR_RETURN(auto rows, pixels_.slice(0, top, top + height));
  GANTRY_ASSIGN_OR_RETURN(auto part, rows.slice(1, left, left + width));
  return Image(std::move(part), colour_);
}

}  // namespace gantry::inline GANTRY_ABI
