// SPDX-License-Identifier: Apache-2.0
// VectorRows: the rows of a VectorTable as the loop over them reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <gantry/embeddings.hpp>
#include <memory>

namespace gantry::detail {

/// Of a number: the sum of 65536 products, or of squares of differences, of such numbers is one of float32.
inline constexpr float kLargestNumber = 1e15f;

struct FreeMemory {
  void operator()(float* memory) const { std::free(memory); }
};

/// Ownership: owns its rows.
/// Threads:   immutable once it is filled.
/// Errors:    make: resource_exhausted.
/// Cost:      count * stride() floats.
class VectorRows {
 public:
  /// Zeros.
  static Result<std::shared_ptr<VectorRows>> make(std::int64_t count, std::int64_t width, Metric metric);

  std::size_t count() const { return count_; }
  std::size_t width() const { return width_; }
  /// Floats from row to row.
  std::size_t stride() const { return stride_; }
  Metric metric() const { return metric_; }
  const float* row(std::size_t index) const { return memory_.get() + index * stride_; }
  float* row(std::size_t index) { return memory_.get() + index * stride_; }

 private:
  VectorRows(std::unique_ptr<float, FreeMemory> memory, std::size_t count, std::size_t width, std::size_t stride,
             Metric metric)
      : memory_(std::move(memory)), count_(count), width_(width), stride_(stride), metric_(metric) {}

  std::unique_ptr<float, FreeMemory> memory_;
  std::size_t count_;
  std::size_t width_;
  std::size_t stride_;
  Metric metric_;
};

/// The length of a vector, its squares added up in float64.
double length_of(const float* vector, std::size_t width);

}  // namespace gantry::detail
