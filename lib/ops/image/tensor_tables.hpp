// SPDX-License-Identifier: Apache-2.0
// TensorTables: the value that image.to_tensor gives each of the 256 bytes, per channel, in the tensor's dtype. A table
// holds any mode of normalisation and any dtype, so a row is stored by table look-up.
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
/// Errors:    invalid_argument from check_fits() if the number of channels differs.
/// Cost:      256 operations per channel when made.
class TensorTables {
 public:
  TensorTables(const image::Normalize& normalize, const image::TensorFormat& format);

  Result<void> check_fits(Colour colour) const;
  DType dtype() const { return format_.dtype; }
  Shape shape(ImageSize size, std::size_t channels) const;

  /// Stores one row of pixels. `out` is the tensor's first element, `size` its width and height; the row's first pixel
  /// goes to (left, y).
  void store(const std::uint8_t* row, std::int64_t pixels, std::size_t channels, void* out, ImageSize size,
             std::int64_t left, std::int64_t y) const;

 private:
  template <class T>
  void store_as(const std::vector<T>& tables, const std::uint8_t* row, std::int64_t pixels, std::size_t channels,
                T* out, ImageSize size, std::int64_t left, std::int64_t y) const;
  /// The index of the table, and of the tensor's channel, for a channel of the image.
  std::size_t target(std::size_t channel, std::size_t channels) const;

  image::Normalize normalize_;
  image::TensorFormat format_;
  std::size_t tables_ = 1;  // one for all channels, or one per channel in the tensor's order
  std::vector<float> f32_;  // one of these three is filled: 256 entries per table
  std::vector<std::uint16_t> bits16_;
  std::vector<std::uint8_t> bits8_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
