// SPDX-License-Identifier: Apache-2.0
#include "core/element.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace gantry::inline GANTRY_ABI::detail {
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

/// A 16-bit float with `mantissa` bits behind the leading one and exponents from `lowest` on.
std::uint16_t to_16_bits(double value, int mantissa, int lowest) {
  const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
  const int all_ones = 0x7fff >> mantissa << mantissa;
  if (std::isnan(value)) return static_cast<std::uint16_t>(all_ones | 1 << (mantissa - 1));
  if (std::isinf(value)) return static_cast<std::uint16_t>(sign | all_ones);
  if (value == 0) return sign;
  const int exponent = std::max(std::ilogb(value), lowest);
  // A subnormal number has no implicit leading one, and its exponent field is 0. A carry from rounding increments the
  // exponent, as it should.
  const double scaled = std::nearbyint(std::ldexp(std::fabs(value), mantissa - exponent));
  const double bits = scaled + std::ldexp(exponent - lowest, mantissa);
  return static_cast<std::uint16_t>(sign | static_cast<int>(std::min<double>(bits, all_ones)));
}

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

template <class T>
void store(T value, std::byte* at) {
  std::memcpy(at, &value, sizeof(T));
}

}  // namespace

double element_value(DType dtype, const std::byte* at) {
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

void write_element(DType dtype, double value, std::byte* at) {
  if (dtype == DType::kF64) return store(value, at);
  if (dtype == DType::kF32) return store(static_cast<float>(value), at);
  if (dtype == DType::kF16) return store(to_16_bits(value, 10, -14), at);
  if (dtype == DType::kBF16) return store(to_16_bits(value, 7, -126), at);
}

}  // namespace gantry::inline GANTRY_ABI::detail
