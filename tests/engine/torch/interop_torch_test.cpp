// SPDX-License-Identifier: Apache-2.0
// One memory, two kinds of tensor.
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <gantry/interop/torch.hpp>

#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using interop::from_torch;
using interop::to_torch;
using testing::ElementsAre;

TEST(InteropTorch, SharesMemoryBothWays) {
  Tensor tensor = Tensor::zeros(DType::kF32, {2, 3}).value();
  at::Tensor seen = to_torch(tensor);
  EXPECT_EQ(seen.sizes(), at::IntArrayRef({2, 3}));
  tensor.mutable_values<float>().value()[4] = 7;
  EXPECT_EQ(seen[1][1].item<float>(), 7);
  Tensor back = from_torch(seen).value();
  back.mutable_values<float>().value()[0] = 5;
  EXPECT_THAT(values_of(tensor), ElementsAre(5, 0, 0, 0, 7, 0));
}

TEST(InteropTorch, KeepsMemoryAliveBothWays) {
  at::Tensor seen;
  {
    const Tensor tensor = row({1, 2});
    seen = to_torch(tensor);
  }
  EXPECT_EQ(seen[1].item<float>(), 2);
  Tensor back;
  {
    const at::Tensor source = at::arange(3, at::kFloat);
    back = from_torch(source).value();
  }
  EXPECT_THAT(values_of(back), ElementsAre(0, 1, 2));
}

TEST(InteropTorch, KeepsStrides) {
  const Tensor columns = Tensor::from<float>(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3})
                             .value()
                             .permute(std::vector<std::size_t>{1, 0})
                             .value();
  const at::Tensor seen = to_torch(columns);
  EXPECT_FALSE(seen.is_contiguous());
  EXPECT_EQ(seen[2][1].item<float>(), 6);
  const Tensor back = from_torch(seen).value();
  EXPECT_EQ(back.strides(), columns.strides());
  EXPECT_THAT(values_of(back), ElementsAre(1, 4, 2, 5, 3, 6));
}

TEST(InteropTorch, KnowsEveryDType) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kF64, DType::kU8, DType::kI8, DType::kI16,
                            DType::kI32, DType::kI64, DType::kBool}) {
    const at::Tensor seen = to_torch(Tensor::zeros(dtype, {2}).value());
    EXPECT_EQ(seen.element_size(), static_cast<std::int64_t>(size_of(dtype)));
    EXPECT_EQ(from_torch(seen).value().dtype(), dtype);
  }
}

TEST(InteropTorch, TakesScalarsAndEmptyTensors) {
  EXPECT_EQ(from_torch(at::zeros({}, at::kLong)).value().shape(), Shape());
  EXPECT_EQ(from_torch(at::zeros({0, 3})).value().numel(), 0);
  EXPECT_EQ(to_torch(Tensor()).numel(), 0);
}

TEST(InteropTorch, RefusesWhatGantryDoesNotHave) {
  const auto refused = [](const char* text) { return FailsWith(ErrorCode::kInvalidArgument, std::string(text)); };
  EXPECT_THAT(from_torch(at::Tensor()), refused("is undefined"));
  EXPECT_THAT(from_torch(at::zeros({2}, at::kComplexFloat)), refused("ComplexFloat"));
  EXPECT_THAT(from_torch(at::zeros({2, 2}).to_sparse()), refused("not strided"));
  EXPECT_THAT(from_torch(at::zeros({1, 1, 1, 1, 1, 1, 1, 1, 1})), refused("9 dimensions"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
