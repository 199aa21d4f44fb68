// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <gantry/shape.hpp>

#include <vector>

namespace gantry::inline GANTRY_ABI {
namespace {

constexpr std::int64_t kHuge = std::int64_t{1} << 62;

TEST(Shape, NumelIsTheProduct) {
  EXPECT_EQ(Shape({2, 3, 4}).numel(), 24);
  EXPECT_EQ(Shape().numel(), 1);
  EXPECT_EQ(Shape({5, 0, 7}).numel(), 0);
}

TEST(Shape, NumelRefusesNegativeExtentsAndOverflow) {
  EXPECT_EQ(Shape({2, -1}).numel(), -1);
  EXPECT_EQ(Shape({-2, -3}).numel(), -1);
  EXPECT_EQ(Shape({kHuge}).numel(), kHuge);
  EXPECT_EQ(Shape({kHuge, 2}).numel(), -1);
  EXPECT_EQ(Shape({INT64_MAX, INT64_MAX, INT64_MAX}).numel(), -1);
  EXPECT_EQ(Shape({0, INT64_MAX, INT64_MAX}).numel(), -1) << "a zero does not excuse the rest";
}

TEST(Shape, NineDimensionsOverflow) {
  const std::vector<std::int64_t> eight(8, 1);
  const std::vector<std::int64_t> nine(9, 1);
  EXPECT_EQ(Shape(eight).rank(), 8u);
  EXPECT_FALSE(Shape(eight).overflowed());
  EXPECT_TRUE(Shape(nine).overflowed());
  EXPECT_EQ(Shape(nine).rank(), 0u);
  EXPECT_TRUE(Shape(eight).with_front(1).overflowed());
  EXPECT_NE(Shape(nine), Shape()) << "it must not pass for a scalar";
}

TEST(Shape, TailAndFrontAreInverse) {
  const Shape shape{3, 224, 224};
  EXPECT_EQ(shape.with_front(8), (Shape{8, 3, 224, 224}));
  EXPECT_EQ(shape.with_front(8).tail(), shape);
  EXPECT_EQ(Shape({5}).tail(), Shape());
}

TEST(Shape, RowMajorStrides) {
  EXPECT_EQ(Shape({2, 3, 4}).row_major_strides(), (Shape{12, 4, 1}));
  EXPECT_EQ(Shape().row_major_strides(), Shape());
  EXPECT_EQ(Shape({2, 0, 4}).row_major_strides(), (Shape{4, 4, 1})) << "an empty axis counts as 1";
}

TEST(Shape, PrintsLikeAList) {
  EXPECT_EQ(Shape({1, 3, 224}).to_string(), "[1, 3, 224]");
  EXPECT_EQ(Shape().to_string(), "[]");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
