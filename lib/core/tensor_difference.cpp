// SPDX-License-Identifier: Apache-2.0
// Element-wise comparison of two tensors.
#include "core/tensor_difference.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/dense.hpp"
#include "core/element.hpp"
#include "core/number_text.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

std::string indices_of(std::int64_t offset, const Shape& shape) {
  std::string text;
  for (std::size_t axis = shape.rank(); axis-- > 0;) {
    text = std::to_string(offset % shape[axis]) + (text.empty() ? "" : ", ") + text;
    offset /= shape[axis];
  }
  return "[" + text + "]";
}

/// Equal bits are equal for any tolerance. Integers above 2^53 are compared by their bits, since doubles cannot
/// distinguish them.
bool agree(DType dtype, const std::byte* got, const std::byte* expected, const Tolerance& tolerance) {
  if (std::memcmp(got, expected, size_of(dtype)) == 0) return true;
  const double a = element_value(dtype, got);
  const double b = element_value(dtype, expected);
  if (tolerance.is_exact) return std::isnan(a) && std::isnan(b);
  return tolerance.accepts(a, b);
}

}  // namespace

std::optional<std::string> tensor_difference(const Tensor& got, const Tensor& expected, const Tolerance& tolerance) {
  if (got.dtype() != expected.dtype() || got.shape() != expected.shape())
    return "expected " + expected.to_string() + ", got " + got.to_string();
  const auto dense_got = dense_on_cpu(got);
  const auto dense_expected = dense_on_cpu(expected);
  if (!dense_got) return "cannot be compared: " + dense_got.error().message();
  if (!dense_expected) return "cannot be compared: " + dense_expected.error().message();
  const auto* a = static_cast<const std::byte*>(dense_got->data());
  const auto* b = static_cast<const std::byte*>(dense_expected->data());
  const std::size_t size = size_of(got.dtype());
  for (std::int64_t i = 0; i < got.numel(); ++i, a += size, b += size) {
    if (agree(got.dtype(), a, b, tolerance)) continue;
    constexpr int kDigits = 9;  // enough to distinguish any two float32
    return "element " + indices_of(i, got.shape()) + ": expected " + to_text(element_value(got.dtype(), b), kDigits) +
           ", got " + to_text(element_value(got.dtype(), a), kDigits) + " (" + tolerance.to_string() + ")";
  }
  return std::nullopt;
}

double lower_quartile_magnitude(const Tensor& tensor) {
  const auto dense = dense_on_cpu(tensor);
  if (!dense) return 0;
  const auto* at = static_cast<const std::byte*>(dense->data());
  std::vector<double> magnitudes;
  for (std::int64_t i = 0; i < tensor.numel(); ++i, at += size_of(tensor.dtype())) {
    const double magnitude = std::fabs(element_value(tensor.dtype(), at));
    if (std::isfinite(magnitude) && magnitude > 0) magnitudes.push_back(magnitude);
  }
  if (magnitudes.empty()) return 0;
  const auto quartile = magnitudes.begin() + static_cast<std::ptrdiff_t>(magnitudes.size() / 4);
  std::nth_element(magnitudes.begin(), quartile, magnitudes.end());
  return *quartile;
}

}  // namespace gantry::inline GANTRY_ABI::detail
