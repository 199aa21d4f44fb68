// SPDX-License-Identifier: Apache-2.0
#include "core/element.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

std::uint16_t bits_of(DType dtype, double value) {
  std::uint16_t bits = 0;
  write_element(dtype, value, reinterpret_cast<std::byte*>(&bits));
  return bits;
}

double value_of(DType dtype, std::uint16_t bits) {
  return element_value(dtype, reinterpret_cast<const std::byte*>(&bits));
}

TEST(Element, Every16BitFloatReadsBackEqual) {
  for (const DType dtype : {DType::kF16, DType::kBF16}) {
    for (int i = 0; i < 0x10000; ++i) {
      const auto bits = static_cast<std::uint16_t>(i);
      const double value = value_of(dtype, bits);
      if (std::isnan(value))
        EXPECT_TRUE(std::isnan(value_of(dtype, bits_of(dtype, value))));
      else
        ASSERT_EQ(bits_of(dtype, value), bits) << to_string(dtype) << " " << value;
    }
  }
}

TEST(Element, RoundsHalfToEvenAndSaturatesToInfinity) {
  EXPECT_EQ(bits_of(DType::kF16, 1 + 0x1p-11), 0x3c00);
  EXPECT_EQ(bits_of(DType::kF16, 1 + 3 * 0x1p-11), 0x3c02);
  EXPECT_EQ(bits_of(DType::kF16, 1 + 0x1p-11 + 0x1p-40), 0x3c01) << "rounded once";
  EXPECT_EQ(bits_of(DType::kF16, 65519), 0x7bff);
  EXPECT_EQ(bits_of(DType::kF16, 65520), 0x7c00);
  EXPECT_EQ(bits_of(DType::kF16, -1e300), 0xfc00);
  EXPECT_EQ(bits_of(DType::kF16, 0x1p-25), 0);
  EXPECT_EQ(bits_of(DType::kF16, 1.5 * 0x1p-25), 1);
  EXPECT_EQ(bits_of(DType::kF16, -1e-300), 0x8000);
  EXPECT_EQ(bits_of(DType::kBF16, 1 + 0x1p-8), 0x3f80);
  EXPECT_EQ(bits_of(DType::kBF16, std::numeric_limits<double>::infinity()), 0x7f80);
}

TEST(Element, ReadsEveryDType) {
  const auto read = [](DType dtype, auto value) {
    std::byte bytes[8] = {};
    std::memcpy(bytes, &value, sizeof(value));
    return element_value(dtype, bytes);
  };
  EXPECT_EQ(read(DType::kF32, 0.5f), 0.5);
  EXPECT_EQ(read(DType::kF64, 0.1), 0.1);
  EXPECT_EQ(read(DType::kU8, std::uint8_t{255}), 255);
  EXPECT_EQ(read(DType::kI8, std::int8_t{-1}), -1);
  EXPECT_EQ(read(DType::kI16, std::int16_t{-300}), -300);
  EXPECT_EQ(read(DType::kI32, std::int32_t{-70000}), -70000);
  EXPECT_EQ(read(DType::kI64, std::int64_t{1} << 40), 0x1p40);
  EXPECT_EQ(read(DType::kBool, true), 1);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
