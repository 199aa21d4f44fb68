// SPDX-License-Identifier: Apache-2.0
// Image: 8-bit pixels with a colour model, the payload of the image stages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// The meaning of an image's channels; it determines their number.
enum class Colour : std::uint8_t { kGray, kRgb, kRgba };

GANTRY_API const char* to_string(Colour colour) noexcept;
/// 1, 3 or 4.
GANTRY_API std::size_t channels_of(Colour colour) noexcept;

/// Interleaved 8-bit pixels, rows of equal stride.
///
/// Ownership: shares its pixels; copies and crops are cheap.
/// Threads:   thread-compatible.
/// Errors:    invalid_argument for a size below 1x1 or a tensor that is not u8[H, W, C] with dense rows of pixels;
///            resource_exhausted for a new image of more than 2^31 bytes, also in the image stages.
/// Cost:      as Tensor.
class GANTRY_API Image {
 public:
  /// Uninitialised pixels.
  static Result<Image> make(std::int64_t width, std::int64_t height, Colour colour);
  /// Refers to u8[height, width, channels]; pixels within a row must be dense, rows may have any stride.
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
struct Memory<Image> {
  static constexpr bool needed = true;
  static void settle(Image& image, MemoryCare care) { settle_memory(image.pixels(), care); }
};
}  // namespace detail

}  // namespace GANTRY_ABI
}  // namespace gantry
