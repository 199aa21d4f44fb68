// SPDX-License-Identifier: Apache-2.0
// VectorRows: the rows of a VectorTable, padded for the kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/embeddings.hpp>
#include <gantry/tensor.hpp>
#include <memory>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

/// The largest magnitude of a number: the sum of 65536 products or squared differences of such numbers fits float32.
inline constexpr float kLargestNumber = 1e15f;

/// Ownership: owns its rows, a tensor f32[count, stride].
/// Threads:   immutable once it is filled.
/// Errors:    make: as Tensor::make().
/// Cost:      count * stride() floats.
class VectorRows {
 public:
  /// Makes rows of zeros.
  static Result<std::shared_ptr<VectorRows>> make(std::int64_t count, std::int64_t width, Metric metric);

  std::size_t count() const { return count_; }
  std::size_t width() const { return width_; }
  /// Floats from the start of one row to the next.
  std::size_t stride() const { return stride_; }
  Metric metric() const { return metric_; }
  const float* row(std::size_t index) const { return first_ + index * stride_; }
  float* row(std::size_t index) { return first_ + index * stride_; }

 private:
  VectorRows(Tensor rows, std::size_t width, Metric metric)
      : rows_(std::move(rows)),
        first_(static_cast<float*>(rows_.mutable_data())),
        count_(static_cast<std::size_t>(rows_.shape()[0])),
        width_(width),
        stride_(static_cast<std::size_t>(rows_.shape()[1])),
        metric_(metric) {}

  Tensor rows_;
  float* first_;
  std::size_t count_;
  std::size_t width_;
  std::size_t stride_;
  Metric metric_;
};

/// The Euclidean length of a vector, summed in float64.
double length_of(const float* vector, std::size_t width);

}  // namespace gantry::inline GANTRY_ABI::detail
