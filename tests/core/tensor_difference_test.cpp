// SPDX-License-Identifier: Apache-2.0
// Comparing tensors within a tolerance.
#include "core/tensor_difference.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/fake_engine.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using test::row;

std::string difference(const Tensor& got, const Tensor& expected, const Tolerance& tolerance = {}) {
  return tensor_difference(got, expected, tolerance).value_or("");
}

template <class T>
Tensor one(T value) {
  return Tensor::from<T>(Span<const T>(&value, 1), {1}).value();
}

TEST(TensorDifference, NamesTheFirstElement) {
  const Tensor a = row({1, 2, 3, 4, 5, 6}).reshape({2, 3}).value();
  const Tensor b = row({1, 2, 3, 4, 9, 9}).reshape({2, 3}).value();
  EXPECT_EQ(difference(a, a), "");
  EXPECT_EQ(difference(a, b), "element [1, 1]: expected 9, got 5 (exact)");
  EXPECT_EQ(difference(a, b, {false, 5, 0}), "");
  EXPECT_EQ(difference(a, b, {false, 3, 0}), "element [1, 1]: expected 9, got 5 (atol 3, rtol 0)");
  EXPECT_EQ(difference(a, b, {false, 0, 0.5}), "");
}

TEST(TensorDifference, ComparesShapeAndDtypeFirst) {
  EXPECT_EQ(difference(row({1}), row({1, 2})), "expected f32[2], got f32[1]");
  EXPECT_EQ(difference(one<double>(1), row({1}), {false, 1, 1}), "expected f32[1], got f64[1]");
}

TEST(TensorDifference, ExactIsBitForBitButForNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(difference(row({nan}), row({-nan})), "");
  EXPECT_NE(difference(row({0.0f}), row({-0.0f})), "");
  EXPECT_NE(difference(row({nan}), row({1}), {false, 1e9, 1e9}), "");
  EXPECT_EQ(difference(row({HUGE_VALF}), row({HUGE_VALF}), {false, 0, 0}), "");
  EXPECT_NE(difference(row({-HUGE_VALF}), row({HUGE_VALF}), {false, 1, 0}), "");
}

TEST(TensorDifference, NoToleranceMakesUpForAnInfinity) {
  for (const Tolerance& tolerance : {Tolerance{false, 1e9, 0}, Tolerance{false, 0, 1e-5}, Tolerance{false, 1, 1}}) {
    EXPECT_EQ(difference(row({HUGE_VALF}), row({HUGE_VALF}), tolerance), "");
    EXPECT_NE(difference(row({1}), row({HUGE_VALF}), tolerance), "");
    EXPECT_NE(difference(row({HUGE_VALF}), row({1}), tolerance), "");
    EXPECT_NE(difference(row({HUGE_VALF}), row({-HUGE_VALF}), tolerance), "");
    EXPECT_NE(difference(row({-HUGE_VALF}), row({HUGE_VALF}), tolerance), "");
  }
}

TEST(TensorDifference, KnowsEveryDtype) {
  EXPECT_NE(difference(one<std::int64_t>((std::int64_t{1} << 53) + 1), one<std::int64_t>(std::int64_t{1} << 53)), "");
  EXPECT_EQ(difference(one(Float16{0x3c00}), one(Float16{0x3c01}), {false, 0.001, 0}), "");
  EXPECT_EQ(difference(one(Float16{0x4000}), one(Float16{0x3c00})), "element [0]: expected 1, got 2 (exact)");
  EXPECT_EQ(difference(one(Float16{0x0001}), one(Float16{0x8001}), {false, 1e-7, 0}),
            "element [0]: expected -5.96046448e-08, got 5.96046448e-08 (atol 1e-07, rtol 0)");
  EXPECT_EQ(difference(one(BFloat16{0x3f80}), one(BFloat16{0x4000})), "element [0]: expected 2, got 1 (exact)");
  EXPECT_EQ(difference(one<std::int8_t>(-3), one<std::int8_t>(3)), "element [0]: expected 3, got -3 (exact)");
  EXPECT_EQ(difference(one<std::uint8_t>(200), one<std::uint8_t>(199)), "element [0]: expected 199, got 200 (exact)");
  EXPECT_EQ(difference(one<std::int16_t>(-300), one<std::int16_t>(300)), "element [0]: expected 300, got -300 (exact)");
  EXPECT_EQ(difference(one(true), one(false)), "element [0]: expected 0, got 1 (exact)");
}

TEST(TensorDifference, ReadsViewsInTheirOwnOrder) {
  const Tensor columns = row({1, 2, 3, 4}).reshape({2, 2}).value();
  const std::size_t swapped[] = {1, 0};
  EXPECT_EQ(difference(columns.permute(swapped).value(), row({1, 3, 2, 4}).reshape({2, 2}).value()), "");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
