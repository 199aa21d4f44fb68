// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <gantry/tensor.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::HasCode;
using test::IsOk;

/// 0, 1, 2, ... in row-major order.
Tensor counting(const Shape& shape) {
  std::vector<std::int32_t> numbers(static_cast<std::size_t>(shape.numel()));
  std::iota(numbers.begin(), numbers.end(), 0);
  return Tensor::from<std::int32_t>(Span<const std::int32_t>(numbers), shape).value();
}

std::vector<std::int32_t> elements(const Tensor& tensor) {
  const Tensor dense = tensor.contiguous().value();
  const auto values = dense.values<std::int32_t>().value();
  return {values.begin(), values.end()};
}

TEST(Tensor, StorageIsAlignedAndPaddedTo64Bytes) {
  for (const std::int64_t count : {0, 1, 15, 16, 17, 1000}) {
    const Tensor tensor = Tensor::make(DType::kF32, {count}).value();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data()) % 64, 0u);
    EXPECT_EQ(tensor.storage_bytes() % 64, 0u);
    EXPECT_GE(tensor.storage_bytes(), tensor.size_bytes());
    EXPECT_EQ(tensor.size_bytes(), static_cast<std::size_t>(count) * 4);
  }
}

TEST(Tensor, ByDefaultIsEmptyF32) {
  const Tensor tensor;
  EXPECT_EQ(tensor.to_string(), "f32[0]");
  EXPECT_EQ(tensor.numel(), 0);
  EXPECT_THAT(tensor.values<float>(), IsOk());
  EXPECT_THAT(tensor.clone(), IsOk());
}

TEST(Tensor, RefusesImpossibleShapes) {
  const std::vector<std::int64_t> nine(9, 1);
  EXPECT_THAT(Tensor::make(DType::kU8, {2, -1}), FailsWith(ErrorCode::kInvalidArgument, "[2, -1]"));
  EXPECT_THAT(Tensor::make(DType::kU8, {INT64_MAX, 2}), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(Tensor::make(DType::kF64, {std::int64_t{1} << 61}), HasCode(ErrorCode::kInvalidArgument))
      << "elements fit, bytes do not";
  EXPECT_THAT(Tensor::make(DType::kU8, Shape(nine)), FailsWith(ErrorCode::kInvalidArgument, "at most 8 dimensions"));
  EXPECT_THAT(Tensor::make(DType::kU8, {std::int64_t{1} << 50}), HasCode(ErrorCode::kResourceExhausted));
}

TEST(Tensor, FromNeedsAsManyValuesAsTheShapeHas) {
  const std::vector<float> five(5);
  EXPECT_THAT(Tensor::from<float>(Span<const float>(five), {2, 3}),
              FailsWith(ErrorCode::kInvalidArgument, "needs 6 values, got 5"));
  EXPECT_THAT(Tensor::from<float>(Span<const float>(five), {5}), IsOk());
}

TEST(Tensor, ValuesChecksDTypeDeviceAndLayout) {
  Tensor tensor = counting({2, 3});
  EXPECT_THAT(tensor.values<float>(),
              FailsWith(ErrorCode::kInvalidArgument, "expected a tensor of f32, got i32[2, 3]"));
  const std::size_t swapped[] = {1, 0};
  EXPECT_THAT(tensor.permute(swapped).value().values<std::int32_t>(),
              FailsWith(ErrorCode::kInvalidArgument, "contiguous"));
  int number = 0;
  const Tensor elsewhere = Tensor::wrap(&number, DType::kI32, {1}, nullptr, {}, Device::cuda(1)).value();
  EXPECT_THAT(elsewhere.values<std::int32_t>(), FailsWith(ErrorCode::kInvalidArgument, "on the CPU"));
  EXPECT_EQ(elsewhere.to_string(), "i32[1] on cuda:1");
  EXPECT_THAT(elsewhere.clone(), HasCode(ErrorCode::kInvalidArgument));
  tensor.mutable_values<std::int32_t>().value()[0] = 9;
  EXPECT_EQ(elements(tensor)[0], 9);
}

TEST(Tensor, SlicesAreViews) {
  Tensor tensor = counting({4, 3});
  Tensor middle = tensor.slice(0, 1, 3).value();
  EXPECT_EQ(middle.shape(), (Shape{2, 3}));
  EXPECT_TRUE(middle.is_contiguous());
  EXPECT_TRUE(middle.shares_storage_with(tensor));
  EXPECT_EQ(elements(middle), (std::vector<std::int32_t>{3, 4, 5, 6, 7, 8}));
  middle.mutable_values<std::int32_t>().value()[0] = 100;
  EXPECT_EQ(elements(tensor)[3], 100);
  const Tensor column = tensor.slice(1, 2, 3).value();
  EXPECT_FALSE(column.is_contiguous());
  EXPECT_EQ(elements(column), (std::vector<std::int32_t>{2, 5, 8, 11}));
}

TEST(Tensor, SliceAndSelectRefuseWhatDoesNotExist) {
  const Tensor tensor = counting({4, 3});
  for (const auto& [begin, end] : {std::pair<int, int>{-1, 2}, {3, 2}, {0, 5}})
    EXPECT_THAT(tensor.slice(0, begin, end), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(tensor.slice(2, 0, 1), FailsWith(ErrorCode::kInvalidArgument, "axis 2 does not exist"));
  EXPECT_THAT(tensor.select(0, 4), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(tensor.select(0, -1), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(tensor.select(2, 0), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_EQ(tensor.slice(0, 2, 2).value().numel(), 0);
}

TEST(Tensor, SelectDropsTheAxis) {
  const Tensor tensor = counting({2, 3, 4});
  EXPECT_EQ(tensor.select(0, 1).value().shape(), (Shape{3, 4}));
  EXPECT_EQ(elements(tensor.select(1, 2).value()), (std::vector<std::int32_t>{8, 9, 10, 11, 20, 21, 22, 23}));
  EXPECT_EQ(elements(tensor.select(0, 1).value().select(0, 0).value().select(0, 3).value()),
            (std::vector<std::int32_t>{15}));
}

TEST(Tensor, PermuteMovesAxes) {
  const Tensor tensor = counting({2, 3, 4});
  const std::size_t order[] = {2, 0, 1};
  const Tensor moved = tensor.permute(order).value();
  EXPECT_EQ(moved.shape(), (Shape{4, 2, 3}));
  EXPECT_EQ(moved.strides(), (Shape{1, 12, 4}));
  EXPECT_EQ(elements(moved.select(0, 1).value()), (std::vector<std::int32_t>{1, 5, 9, 13, 17, 21}));
  const std::size_t back[] = {1, 2, 0};
  EXPECT_TRUE(moved.permute(back).value().is_contiguous());
  const std::size_t twice[] = {0, 0, 1};
  const std::size_t outside[] = {0, 1, 3};
  const std::size_t two[] = {0, 1};
  EXPECT_THAT(tensor.permute(twice), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(tensor.permute(outside), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(tensor.permute(two), HasCode(ErrorCode::kInvalidArgument));
}

TEST(Tensor, ContiguousCopiesOnlyWhenItMust) {
  const Tensor tensor = counting({2, 3});
  EXPECT_EQ(tensor.contiguous().value().data(), tensor.data());
  const std::size_t swapped[] = {1, 0};
  const Tensor dense = tensor.permute(swapped).value().contiguous().value();
  EXPECT_FALSE(dense.shares_storage_with(tensor));
  EXPECT_EQ(elements(dense), (std::vector<std::int32_t>{0, 3, 1, 4, 2, 5}));
  EXPECT_FALSE(tensor.clone().value().shares_storage_with(tensor));
}

TEST(Tensor, AnExtentOfOneMayHaveAnyStride) {
  std::int32_t numbers[6] = {0, 1, 2, 3, 4, 5};
  const Tensor tensor = Tensor::wrap(numbers, DType::kI32, {1, 2, 3}, nullptr, {77, 3, 1}).value();
  EXPECT_TRUE(tensor.is_contiguous());
  EXPECT_FALSE(Tensor::wrap(numbers, DType::kI32, {2, 1, 3}, nullptr, {1, 1, 2}).value().is_contiguous());
}

TEST(Tensor, ReshapeKeepsTheElements) {
  const Tensor tensor = counting({2, 6});
  EXPECT_EQ(tensor.reshape({3, 4}).value().data(), tensor.data());
  EXPECT_EQ(elements(tensor.reshape({12}).value()), elements(tensor));
  EXPECT_THAT(tensor.reshape({5}), FailsWith(ErrorCode::kInvalidArgument, "cannot reshape i32[2, 6] to [5]"));
  EXPECT_THAT(tensor.reshape({-12}), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(tensor.slice(1, 0, 2).value().reshape({4}), FailsWith(ErrorCode::kInvalidArgument, "contiguous"));
}

TEST(Tensor, WrapLooksAtForeignMemoryAndKeepsItsOwner) {
  auto owner = std::make_shared<std::vector<std::int32_t>>(6, 5);
  const std::weak_ptr<void> watch = owner;
  {
    const Tensor tensor = Tensor::wrap(owner->data(), DType::kI32, {2, 3}, owner).value();
    EXPECT_EQ(tensor.data(), owner->data());
    owner.reset();
    EXPECT_FALSE(watch.expired());
    EXPECT_EQ(tensor.storage_bytes(), 24u);
    EXPECT_EQ(tensor.select(0, 1).value().storage_bytes(), 24u) << "a view pins all that was wrapped";
  }
  EXPECT_TRUE(watch.expired());
}

TEST(Tensor, WrapRefusesWhatCannotBe) {
  int number = 0;
  const std::vector<std::int64_t> nine(9, 1);
  EXPECT_THAT(Tensor::wrap(nullptr, DType::kI32, {1}, nullptr), FailsWith(ErrorCode::kInvalidArgument, "nullptr"));
  EXPECT_THAT(Tensor::wrap(nullptr, DType::kI32, {0}, nullptr), IsOk());
  EXPECT_THAT(Tensor::wrap(&number, DType::kI32, {1}, nullptr, {1, 1}), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(Tensor::wrap(&number, DType::kI32, {1}, nullptr, Shape(nine)), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(Tensor::wrap(&number, DType::kF64, {std::int64_t{1} << 61}, nullptr),
              HasCode(ErrorCode::kInvalidArgument));
  EXPECT_EQ(Tensor::wrap(&number, DType::kI32, {1}, nullptr).value().storage_bytes(), 0u) << "nobody owns it";
}

TEST(Tensor, ViewsOfViewsEqualIndexingByHand) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Tensor tensor = counting({4, 5, 6});
    std::vector<std::int64_t> low(3, 0), high{4, 5, 6};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto extent = static_cast<unsigned>(high[axis]);
      low[axis] = static_cast<std::int64_t>(random() % extent);
      high[axis] = low[axis] + 1 + static_cast<std::int64_t>(random() % (extent - static_cast<unsigned>(low[axis])));
      tensor = tensor.slice(axis, low[axis], high[axis]).value();
    }
    std::vector<std::size_t> order{0, 1, 2};
    std::shuffle(order.begin(), order.end(), random);
    tensor = tensor.permute(order).value();
    std::vector<std::int32_t> expected;
    std::vector<std::int64_t> at(3);
    for (at[order[0]] = low[order[0]]; at[order[0]] < high[order[0]]; ++at[order[0]])
      for (at[order[1]] = low[order[1]]; at[order[1]] < high[order[1]]; ++at[order[1]])
        for (at[order[2]] = low[order[2]]; at[order[2]] < high[order[2]]; ++at[order[2]])
          expected.push_back(static_cast<std::int32_t>(at[0] * 30 + at[1] * 6 + at[2]));
    ASSERT_EQ(elements(tensor), expected) << tensor.to_string();
  }
}

TEST(Tensor, ZerosAreZero) {
  const Tensor tensor = Tensor::zeros(DType::kI64, {3, 5}).value();
  const auto values = tensor.values<std::int64_t>().value();
  for (const std::int64_t value : values) EXPECT_EQ(value, 0);
}

TEST(Tensors, AreFoundByName) {
  const Tensors tensors{{"a", counting({1})}, {"b", counting({2})}};
  ASSERT_NE(tensors.find("b"), nullptr);
  EXPECT_EQ(tensors.find("b")->numel(), 2);
  EXPECT_EQ(tensors.find("c"), nullptr);
  EXPECT_EQ(tensors.size(), 2u);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
