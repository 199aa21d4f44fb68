// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <gantry/dtype.hpp>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;

struct Row {
  DType dtype;
  const char* name;
  std::size_t size;
};
constexpr Row kRows[] = {{DType::kF32, "f32", 4},  {DType::kF16, "f16", 2}, {DType::kBF16, "bf16", 2},
                         {DType::kF64, "f64", 8},  {DType::kU8, "u8", 1},   {DType::kI8, "i8", 1},
                         {DType::kI16, "i16", 2},  {DType::kI32, "i32", 4}, {DType::kI64, "i64", 8},
                         {DType::kBool, "bool", 1}};

TEST(DType, NamesAndSizesMatchAndParseBack) {
  for (const Row& row : kRows) {
    EXPECT_STREQ(to_string(row.dtype), row.name);
    EXPECT_EQ(size_of(row.dtype), row.size);
    const auto parsed = parse_dtype(row.name);
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, row.dtype);
  }
}

TEST(DType, RefusesUnknownNamesAndListsTheKnownOnes) {
  for (const char* text : {"", "float32", "F32", "f32 ", "u16"})
    EXPECT_THAT(parse_dtype(text), FailsWith(ErrorCode::kInvalidArgument, "f32, f16, bf16, f64, u8")) << text;
}

TEST(DType, FollowsFromTheElementType) {
  EXPECT_EQ(dtype_of<float>, DType::kF32);
  EXPECT_EQ(dtype_of<Float16>, DType::kF16);
  EXPECT_EQ(dtype_of<BFloat16>, DType::kBF16);
  EXPECT_EQ(dtype_of<double>, DType::kF64);
  EXPECT_EQ(dtype_of<std::uint8_t>, DType::kU8);
  EXPECT_EQ(dtype_of<std::int8_t>, DType::kI8);
  EXPECT_EQ(dtype_of<std::int16_t>, DType::kI16);
  EXPECT_EQ(dtype_of<std::int32_t>, DType::kI32);
  EXPECT_EQ(dtype_of<std::int64_t>, DType::kI64);
  EXPECT_EQ(dtype_of<bool>, DType::kBool);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
