// SPDX-License-Identifier: Apache-2.0
// Shape arithmetic; nothing here overflows.
#include <algorithm>
#include <gantry/shape.hpp>

namespace gantry::inline GANTRY_ABI {

Shape::Shape(Span<const std::int64_t> dims) {
  if (dims.size() > kMaxRank) {
    overflowed_ = true;
    return;
  }
  std::copy(dims.begin(), dims.end(), dims_.begin());
  rank_ = static_cast<std::uint8_t>(dims.size());
}

std::int64_t Shape::numel() const {
  constexpr std::int64_t kLimit = std::int64_t{1} << 62;
  std::int64_t product = 1;
  bool has_zero = false;
  for (const std::int64_t dim : *this) {
    if (dim < 0) return -1;
    if (dim == 0) {
      has_zero = true;
      continue;
    }
    if (product > kLimit / dim) return -1;
    product *= dim;
  }
  return has_zero ? 0 : product;
}

Shape Shape::tail() const {
  return Shape(Span<const std::int64_t>(dims_.data() + 1, rank_ - std::size_t{1}));
}

Shape Shape::with_front(std::int64_t extent) const {
  std::array<std::int64_t, kMaxRank + 1> dims{};
  dims[0] = extent;
  std::copy(begin(), end(), dims.begin() + 1);
  return Shape(Span<const std::int64_t>(dims.data(), rank_ + std::size_t{1}));
}

Shape Shape::row_major_strides() const {
  Shape strides = *this;
  std::int64_t stride = 1;
  for (std::size_t axis = rank_; axis-- > 0;) {
    strides.dims_[axis] = stride;
    stride *= std::max<std::int64_t>(dims_[axis], 1);
  }
  return strides;
}

std::string Shape::to_string() const {
  std::string text = "[";
  for (std::size_t axis = 0; axis < rank_; ++axis) text += (axis ? ", " : "") + std::to_string(dims_[axis]);
  return text + "]";
}

bool operator==(const Shape& a, const Shape& b) {
  return a.rank_ == b.rank_ && a.overflowed_ == b.overflowed_ && std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace gantry::inline GANTRY_ABI
