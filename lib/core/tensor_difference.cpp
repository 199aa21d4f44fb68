// SPDX-License-Identifier: Apache-2.0
// Element-wise comparison of two tensors.
#include "core/tensor_difference.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/number_text.hpp"

namespace gantry::detail {
namespace {

/// IEEE 754 binary16.
double half_to_double(std::uint16_t bits) {
  const double sign = bits & 0x8000 ? -1.0 : 1.0;
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  if (exponent == 31) return fraction ? std::nan("") : sign * HUGE_VAL;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

double as_double(DType dtype, const std::byte* at) {
  switch (dtype) {
    case DType::kF32:
      return static_cast<double>(load<float>(at));
    case DType::kF16:
      return half_to_double(load<std::uint16_t>(at));
    case DType::kBF16:
      return static_cast<double>(std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(at)} << 16));
    case DType::kF64:
      return load<double>(at);
    case DType::kU8:
    case DType::kBool:
      return load<std::uint8_t>(at);
    case DType::kI8:
      return load<std::int8_t>(at);
    case DType::kI16:
      return load<std::int16_t>(at);
    case DType::kI32:
      return load<std::int32_t>(at);
    case DType::kI64:
      return static_cast<double>(load<std::int64_t>(at));
  }
  return 0;
}

std::string indices_of(std::int64_t offset, const Shape& shape) {
  std::string text;
  for (std::size_t axis = shape.rank(); axis-- > 0;) {
    text = std::to_string(offset % shape[axis]) + (text.empty() ? "" : ", ") + text;
    offset /= shape[axis];
  }
  return "[" + text + "]";
}

/// Equal bits are equal whatever the tolerance; integers beyond 2^53 are told apart by their bits only.
bool agree(DType dtype, const std::byte* got, const std::byte* expected, const Tolerance& tolerance) {
  if (std::memcmp(got, expected, size_of(dtype)) == 0) return true;
  const double a = as_double(dtype, got);
  const double b = as_double(dtype, expected);
  if (tolerance.is_exact) return std::isnan(a) && std::isnan(b);
  return tolerance.accepts(a, b);
}

}  // namespace

std::optional<std::string> tensor_difference(const Tensor& got, const Tensor& expected, const Tolerance& tolerance) {
  if (got.dtype() != expected.dtype() || got.shape() != expected.shape())
    return "expected " + expected.to_string() + ", got " + got.to_string();
  const auto dense_got = got.contiguous();
  const auto dense_expected = expected.contiguous();
  if (!dense_got || !dense_expected) return "not enough memory to compare " + got.to_string();
  const auto* a = static_cast<const std::byte*>(dense_got->data());
  const auto* b = static_cast<const std::byte*>(dense_expected->data());
  const std::size_t size = size_of(got.dtype());
  for (std::int64_t i = 0; i < got.numel(); ++i, a += size, b += size) {
    if (agree(got.dtype(), a, b, tolerance)) continue;
    constexpr int kDigits = 9;  // tell any two float32 apart
    return "element " + indices_of(i, got.shape()) + ": expected " + to_text(as_double(got.dtype(), b), kDigits) +
           ", got " + to_text(as_double(got.dtype(), a), kDigits) + " (" + tolerance.to_string() + ")";
  }
  return std::nullopt;
}

double lower_quartile_magnitude(const Tensor& tensor) {
  const auto* at = static_cast<const std::byte*>(tensor.data());
  std::vector<double> magnitudes;
  for (std::int64_t i = 0; i < tensor.numel(); ++i, at += size_of(tensor.dtype())) {
    const double magnitude = std::fabs(as_double(tensor.dtype(), at));
    if (std::isfinite(magnitude) && magnitude > 0) magnitudes.push_back(magnitude);
  }
  if (magnitudes.empty()) return 0;
  const auto quartile = magnitudes.begin() + static_cast<std::ptrdiff_t>(magnitudes.size() / 4);
  std::nth_element(magnitudes.begin(), quartile, magnitudes.end());
  return *quartile;
}

}  // namespace gantry::detail
