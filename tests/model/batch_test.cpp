// SPDX-License-Identifier: Apache-2.0
// Stacking samples: without a copy exactly where they already lie one after the other in one block.
#include "model/batch.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using test::FailsWith;
using test::IsOk;
using test::row;
using test::values_of;

/// A block f32[rows, 2] of 0, 1, 2, ...
Tensor block(std::int64_t rows) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < rows * 2; ++i) values.push_back(static_cast<float>(i));
  return Tensor::from<float>(Span<const float>(values), {rows, 2}).value();
}

TEST(Stack, OfConsecutiveViewsIsAView) {
  const Tensor whole = block(4);
  const std::vector<Tensor> samples = {whole.select(0, 1).value(), whole.select(0, 2).value(),
                                       whole.select(0, 3).value()};
  const Tensor stacked = stack(samples).value();
  EXPECT_EQ(stacked.to_string(), "f32[3, 2]");
  EXPECT_EQ(stacked.data(), samples[0].data());
  EXPECT_TRUE(stacked.shares_storage_with(whole));
  EXPECT_EQ(values_of(stacked), (std::vector<float>{2, 3, 4, 5, 6, 7}));
}

TEST(Stack, OfOneContiguousSampleIsAView) {
  const std::vector<Tensor> one = {row({1, 2})};
  const Tensor stacked = stack(one).value();
  EXPECT_EQ(stacked.data(), one[0].data());
  EXPECT_EQ(stacked.to_string(), "f32[1, 2]");
}

TEST(Stack, KeepsTheBlockAlive) {
  Tensor stacked;
  {
    const Tensor whole = block(2);
    stacked = stack(std::vector<Tensor>{whole.select(0, 0).value(), whole.select(0, 1).value()}).value();
  }
  EXPECT_EQ(values_of(stacked), (std::vector<float>{0, 1, 2, 3}));
}

TEST(Stack, GathersSamplesThatAreNotConsecutive) {
  const Tensor whole = block(3);
  const std::vector<Tensor> samples = {whole.select(0, 2).value(), whole.select(0, 0).value()};
  const Tensor stacked = stack(samples).value();
  EXPECT_FALSE(stacked.shares_storage_with(whole));
  EXPECT_EQ(values_of(stacked), (std::vector<float>{4, 5, 0, 1}));
}

TEST(Stack, GathersNeighboursOfTwoOwners) {
  // Two tensors over one array: consecutive in memory, but nothing says that one owner keeps both alive.
  float memory[] = {1, 2, 3, 4};
  const auto owner = [] { return std::make_shared<int>(0); };
  const std::vector<Tensor> samples = {Tensor::wrap(memory, DType::kF32, {2}, owner()).value(),
                                       Tensor::wrap(memory + 2, DType::kF32, {2}, owner()).value()};
  const Tensor stacked = stack(samples).value();
  EXPECT_NE(stacked.data(), memory);
  EXPECT_EQ(values_of(stacked), (std::vector<float>{1, 2, 3, 4}));
}

TEST(Stack, GathersStridedSamples) {
  const std::size_t axes[] = {1, 0};
  const Tensor transposed = block(2).permute(axes).value();  // [[0, 2], [1, 3]]
  const std::vector<Tensor> samples = {transposed, transposed};
  EXPECT_EQ(values_of(stack(samples).value()), (std::vector<float>{0, 2, 1, 3, 0, 2, 1, 3}));
}

TEST(Stack, OfEmptySamplesIsEmpty) {
  const Tensor empty = Tensor::zeros(DType::kF32, {0, 2}).value();
  EXPECT_EQ(stack(std::vector<Tensor>{empty, empty}).value().to_string(), "f32[2, 0, 2]");
}

TEST(Stack, RefusesANinthDimensionAndOtherDevices) {
  const Tensor eight = Tensor::zeros(DType::kF32, {1, 1, 1, 1, 1, 1, 1, 1}).value();
  EXPECT_THAT(stack(std::vector<Tensor>{eight}), FailsWith(ErrorCode::kInvalidArgument, "no room for a batch axis"));
  float memory = 0;
  const Tensor remote = Tensor::wrap(&memory, DType::kF32, {1}, nullptr, {}, Device::cuda(1)).value();
  EXPECT_THAT(stack(std::vector<Tensor>{remote}), FailsWith(ErrorCode::kInvalidArgument, "on cuda:1"));
}

TEST(Unstack, GivesViewsOfTheBatch) {
  const Tensor whole = block(3);
  const Tensor second = unstack(whole, 1).value();
  EXPECT_EQ(values_of(second), (std::vector<float>{2, 3}));
  EXPECT_TRUE(second.shares_storage_with(whole));
  EXPECT_THAT(unstack(whole, 3), FailsWith(ErrorCode::kInvalidArgument, "index 3"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
