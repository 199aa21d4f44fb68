// SPDX-License-Identifier: Apache-2.0
// DType: the element type of a tensor; and the storage types of the two 16-bit floats, which C++17 lacks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <gantry/result.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Element types. Names in text ("f32", "bool") are those of manifests and messages.
enum class DType : std::uint8_t { kF32, kF16, kBF16, kF64, kU8, kI8, kI16, kI32, kI64, kBool };

/// Bytes an element occupies: 1, 2, 4 or 8.
GANTRY_API std::size_t size_of(DType dtype) noexcept;
/// "f32", "f16", "bf16", "f64", "u8", "i8", "i16", "i32", "i64", "bool".
GANTRY_API const char* to_string(DType dtype) noexcept;
/// The inverse of to_string(); invalid_argument lists the known names.
GANTRY_API Result<DType> parse_dtype(std::string_view text);

/// The bits of an IEEE 754 binary16 number; no arithmetic.
struct Float16 {
  std::uint16_t bits;
};
/// The bits of a bfloat16 number (the upper half of a binary32); no arithmetic.
struct BFloat16 {
  std::uint16_t bits;
};

namespace detail {
template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::kF32;
};
template <>
struct DTypeOf<Float16> {
  static constexpr DType value = DType::kF16;
};
template <>
struct DTypeOf<BFloat16> {
  static constexpr DType value = DType::kBF16;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::kF64;
};
template <>
struct DTypeOf<std::uint8_t> {
  static constexpr DType value = DType::kU8;
};
template <>
struct DTypeOf<std::int8_t> {
  static constexpr DType value = DType::kI8;
};
template <>
struct DTypeOf<std::int16_t> {
  static constexpr DType value = DType::kI16;
};
template <>
struct DTypeOf<std::int32_t> {
  static constexpr DType value = DType::kI32;
};
template <>
struct DTypeOf<std::int64_t> {
  static constexpr DType value = DType::kI64;
};
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::kBool;
};
}  // namespace detail

/// The DType of a C++ element type; a compile error for any other type.
template <class T>
inline constexpr DType dtype_of = detail::DTypeOf<T>::value;

}  // namespace GANTRY_ABI
}  // namespace gantry
