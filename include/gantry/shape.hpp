// SPDX-License-Identifier: Apache-2.0
// Shape: the extents (or the strides) of a tensor, at most eight of them, held inline.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include <gantry/export.hpp>
#include <gantry/span.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Up to kMaxRank 64-bit numbers.
///
/// Ownership: a value.
/// Threads:   thread-compatible.
/// Errors:    constructing from more than kMaxRank numbers keeps none of them and sets overflowed(); functions that
///            accept a shape from a caller check it.
/// Cost:      no allocation.
class GANTRY_API Shape {
 public:
  static constexpr std::size_t kMaxRank = 8;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims) : Shape(Span<const std::int64_t>(dims.begin(), dims.size())) {}
  explicit Shape(Span<const std::int64_t> dims);

  std::size_t rank() const { return rank_; }
  bool overflowed() const { return overflowed_; }
  std::int64_t operator[](std::size_t axis) const { return dims_[axis]; }
  std::int64_t& operator[](std::size_t axis) { return dims_[axis]; }
  const std::int64_t* begin() const { return dims_.data(); }
  const std::int64_t* end() const { return dims_.data() + rank_; }
  const std::int64_t* data() const { return dims_.data(); }
  std::size_t size() const { return rank_; }

  /// The product of all extents (1 for rank 0), or -1 if one is negative or the product exceeds 2^62.
  std::int64_t numel() const;
  /// This shape without its first extent; rank must be at least 1.
  Shape tail() const;
  /// `extent` followed by this shape.
  Shape with_front(std::int64_t extent) const;
  /// Row-major strides, in elements.
  Shape row_major_strides() const;
  /// "[1, 3, 224, 224]".
  std::string to_string() const;

  friend GANTRY_API bool operator==(const Shape& a, const Shape& b);
  friend bool operator!=(const Shape& a, const Shape& b) { return !(a == b); }

 private:
  std::array<std::int64_t, kMaxRank> dims_{};
  std::uint8_t rank_ = 0;
  bool overflowed_ = false;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
