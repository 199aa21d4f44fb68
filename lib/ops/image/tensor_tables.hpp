// SPDX-License-Identifier: Apache-2.0
// TensorTables: what image.to_tensor makes of each of the 256 bytes, per channel, in the tensor's dtype. Every mode of
// normalisation and every dtype is such a table, so storing a row is looking bytes up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/image.hpp>
#include <vector>

#include "ops/image/geometry.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The parameters of image.to_tensor.
struct ToTensor {
  image::Normalize normalize;
  image::TensorFormat format;
};

/// invalid_argument for parameters outside their limits.
Result<void> check_normalize(const image::Normalize& normalize);
/// invalid_argument unless `mean` and `std` have one number, or one for each channel.
Result<void> check_fits(const image::Normalize& normalize, Colour colour);
Result<void> check_format(const image::TensorFormat& format);

/// Ownership: owns its tables.
/// Threads:   immutable.
/// Errors:    invalid_argument from check_fits() if the number of channels is another one.
/// Cost:      256 operations a channel when made.
class TensorTables {
 public:
  TensorTables(const image::Normalize& normalize, const image::TensorFormat& format);

  Result<void> check_fits(Colour colour) const;
  DType dtype() const { return format_.dtype; }
  Shape shape(ImageSize size, std::size_t channels) const;

  /// One row of pixels to where it belongs: `out` is the first element of the tensor, `size` its width and height;
  /// the row's first pixel goes to (left, y).
  void store(const std::uint8_t* row, std::int64_t pixels, std::size_t channels, void* out, ImageSize size,
             std::int64_t left, std::int64_t y) const;

 private:
  template <class T>
  void store_as(const std::vector<T>& tables, const std::uint8_t* row, std::int64_t pixels, std::size_t channels,
                T* out, ImageSize size, std::int64_t left, std::int64_t y) const;
  /// Which table, and which channel of the tensor, is for a channel of the image.
  std::size_t target(std::size_t channel, std::size_t channels) const;

  image::Normalize normalize_;
  image::TensorFormat format_;
  std::size_t tables_ = 1;  // one for all channels, or one each in the tensor's order
  std::vector<float> f32_;  // of these three, one is filled: 256 entries a table
  std::vector<std::uint16_t> bits16_;
  std::vector<std::uint8_t> bits8_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
