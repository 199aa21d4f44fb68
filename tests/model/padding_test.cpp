// SPDX-License-Identifier: Apache-2.0
// PaddingPlan: what it refuses, and that padding and cutting do what a loop over indices says.
#include "model/padding.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <random>
#include <string>

#include "model/batch.hpp"
#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using test::FailsWith;
using test::HasCode;
using test::IsOk;

Signature bert() {
  return Signature::parse("ids:i64[batch,T]; mask:i64[batch,T]; scale:f32[batch,2]",
                          "hidden:f32[batch,T,4]; pooled:f32[batch,4]")
      .value();
}

struct Mistake {
  Padding padding;
  const char* message;
};

TEST(PaddingPlan, NamesEachMistake) {
  const double inf = std::numeric_limits<double>::infinity();
  const Mistake mistakes[] = {
      {{"S", {}, {}}, "dim: no input has a dimension 'S': (ids: i64[batch, T], "},
      {{"", {}, {}}, "dim: no input has a dimension ''"},
      {{"batch", {}, {}}, "dim: the batch axis cannot be padded"},
      {{"T", {0, 16}, {}}, "lengths[0]: must be 1..16777216, got 0"},
      {{"T", {-4}, {}}, "lengths[0]: must be 1..16777216, got -4"},
      {{"T", {16, 16777217}, {}}, "lengths[1]: must be 1..16777216, got 16777217"},
      {{"T", {16, 32, 32}, {}}, "lengths[2]: must be greater than the previous one, 32, got 32"},
      {{"T", {16, 8}, {}}, "lengths[1]: must be greater than the previous one, 16, got 8"},
      {{"T", std::vector<std::int64_t>(1025, 1), {}}, "lengths: at most 1024 are possible, got 1025"},
      {{"T", {}, {{"tokens", 0}}}, "values.tokens: there is no such input: (ids: "},
      {{"T", {}, {{"hidden", 0}}}, "values.hidden: there is no such input"},
      {{"T", {}, {{"scale", 0}}}, "values.scale: the input has no dimension 'T': scale: f32[batch, 2]"},
      {{"T", {}, {{"ids", 0.5}}}, "values.ids: 0.5 is not a value of i64"},
      {{"T", {}, {{"ids", 1e19}}}, "values.ids: 1e+19 is not a value of i64"},
      {{"T", {}, {{"ids", std::ldexp(1.0, 63)}}}, "is not a value of i64"},
      {{"T", {}, {{"ids", -inf}}}, "values.ids: -inf is not a value of i64"},
      {{"T", {}, {{"ids", std::nan("")}}}, "is not a value of i64"},
  };
  for (const Mistake& mistake : mistakes)
    EXPECT_THAT(PaddingPlan::make(mistake.padding, bert()), FailsWith(ErrorCode::kInvalidArgument, mistake.message));
}

TEST(PaddingPlan, NeedsABatchAxis) {
  const auto whole = Signature::parse("x:f32[T]", "y:f32[T]").value();
  EXPECT_THAT(PaddingPlan::make({"T", {}, {}}, whole),
              FailsWith(ErrorCode::kInvalidArgument, "dim: the signature has no batch axis"));
}

TEST(PaddingPlan, WithoutLengthsPadsToPowersOfTwo) {
  const auto plan = PaddingPlan::make({"T", {}, {}}, bert()).value();
  EXPECT_EQ(plan.to_string(), "T to 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536");
  EXPECT_EQ(plan.bucket_count(), 14u);
}

/// Values a dtype has, with their bits, and values that it has not.
TEST(PaddingPlan, ValuesAreThoseOfTheDType) {
  struct Value {
    const char* dtype;
    double value;
    std::optional<std::uint64_t> bits;
  };
  const double inf = std::numeric_limits<double>::infinity();
  const Value values[] = {
      {"u8", 255, 255},
      {"u8", 256, {}},
      {"u8", -1, {}},
      {"i8", -128, 0x80},
      {"i8", 128, {}},
      {"i16", -100, 0xff9c},
      {"i16", 40000, {}},
      {"i32", -100, 0xffffff9c},
      {"i32", 2147483648.0, {}},
      {"i64", -100, 0xffffffffffffff9c},
      {"i64", -std::ldexp(1.0, 63), std::uint64_t{1} << 63},
      {"bool", 1, 1},
      {"bool", 2, {}},
      {"f64", 0.1, 0x3fb999999999999a},
      {"f32", 0.1, 0x3dcccccd},
      {"f32", -inf, 0xff800000},
      {"f32", 1e39, {}},
      {"f16", 1, 0x3c00},
      {"f16", -65504, 0xfbff},
      {"f16", 65520, {}},
      {"f16", 0.1, {}},
      {"f16", std::ldexp(1.0, -24), 0x0001},
      {"f16", std::ldexp(1.0, -25), {}},
      {"f16", std::ldexp(1.0, -14), 0x0400},
      {"f16", -0.0, 0x8000},
      {"f16", inf, 0x7c00},
      {"bf16", -10000, {}},
      {"bf16", -9984, 0xc61c},
      {"bf16", std::ldexp(1.0, 127), 0x7f00},
      {"bf16", std::ldexp(1.0, 128), {}},
      {"bf16", -inf, 0xff80},
  };
  for (const Value& value : values) {
    const auto signature = Signature::parse(std::string("x:") + value.dtype + "[batch,T]", "y:f32[batch]").value();
    const auto plan = PaddingPlan::make({"T", {2}, {{"x", value.value}}}, signature);
    if (!value.bits) {
      EXPECT_THAT(plan, HasCode(ErrorCode::kInvalidArgument)) << value.dtype << " " << value.value;
      continue;
    }
    ASSERT_THAT(plan, IsOk()) << value.dtype << " " << value.value;
    const Tensors one = {{"x", Tensor::zeros(signature.inputs()[0].dtype, {1, 1}).value()}};
    const Tensors* const calls[] = {&one};
    const Tensor padded = plan->join(calls).value()[0].tensor;
    std::uint64_t bits = 0;
    const std::size_t size = size_of(padded.dtype());
    std::memcpy(&bits, static_cast<const std::byte*>(padded.data()) + size, size);
    EXPECT_EQ(bits, *value.bits) << value.dtype << " " << value.value;
  }
}

/// The element at `index` of a contiguous i32 tensor.
std::int32_t at(const Tensor& tensor, const std::vector<std::int64_t>& index) {
  std::int64_t offset = 0;
  for (std::size_t axis = 0; axis < index.size(); ++axis) offset += index[axis] * tensor.strides()[axis];
  return static_cast<const std::int32_t*>(tensor.data())[offset];
}

/// Calls `visit` with each index of a shape.
template <class Visit>
void for_each_index(const Shape& shape, Visit visit) {
  std::vector<std::int64_t> index(shape.rank(), 0);
  for (std::int64_t i = 0; i < shape.numel(); ++i) {
    std::int64_t rest = i;
    for (std::size_t axis = shape.rank(); axis-- > 0; rest /= shape[axis]) index[axis] = rest % shape[axis];
    visit(index);
  }
}

Tensor random_tensor(const Shape& shape, std::mt19937& random) {
  Tensor tensor = Tensor::make(DType::kI32, shape).value();
  for (std::int32_t& value : tensor.mutable_values<std::int32_t>().value()) value = static_cast<std::int32_t>(random());
  return tensor;
}

TEST(PaddingPlan, JoinAndCutEqualALoopOverIndices) {
  const auto signature =
      Signature::parse("a:i32[batch,T]; b:i32[batch,2,T,3]; c:i32[batch,T,T]; d:i32[batch,2]; e:i32[batch,T,1,2]",
                       "a:i32[batch,T]; b:i32[batch,2,T,3]; c:i32[batch,T,T]; d:i32[batch,2]; e:i32[batch,T,1,2]")
          .value();
  const std::map<std::string, double> values = {{"a", 7}, {"b", -3}, {"c", 1}};
  const auto plan = PaddingPlan::make({"T", {3, 5, 9}, values}, signature).value();
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    const std::int64_t low = (std::vector<std::int64_t>{1, 4, 6, 10})[random() % 4];
    const std::int64_t high = (std::vector<std::int64_t>{3, 5, 9, 10})[random() % 4];
    if (low > high) continue;
    std::vector<Tensors> calls;
    std::vector<std::int64_t> lengths;
    for (std::size_t i = 0, count = 1 + random() % 4; i < count; ++i) {
      const auto rows = static_cast<std::int64_t>(1 + random() % 3);
      const auto length = low + static_cast<std::int64_t>(random()) % (high - low + 1);
      Tensors inputs;
      for (const TensorSpec& spec : signature.inputs()) {
        std::vector<std::int64_t> dims;
        for (const Dim& dim : spec.dims)
          dims.push_back(dim.symbol == "batch" ? rows : dim.is_symbolic() ? length : dim.extent);
        inputs.add(spec.name, random_tensor(Shape(Span<const std::int64_t>(dims)), random));
      }
      if (!calls.empty() && !plan.share_batch(calls[0], inputs)) {
        EXPECT_NE(plan.bucket_of(calls[0]), plan.bucket_of(inputs));
        continue;
      }
      calls.push_back(std::move(inputs));
      lengths.push_back(length);
    }
    std::vector<const Tensors*> pointers;
    for (const Tensors& call : calls) pointers.push_back(&call);
    const Tensors joined = plan.join(pointers).value();
    const std::int64_t padded = lengths[0] <= 3 ? 3 : lengths[0] <= 5 ? 5 : lengths[0] <= 9 ? 9 : lengths[0];
    for (std::size_t i = 0; i < joined.size(); ++i) {
      const auto value = values.find(joined[i].name);
      const std::int32_t fill = value == values.end() ? 0 : static_cast<std::int32_t>(value->second);
      std::int64_t first_row = 0;
      for (const Tensors& call : calls) {
        const Tensor& own = call[i].tensor;
        Shape shape = joined[i].tensor.shape();
        for (std::size_t axis = 1; axis < shape.rank(); ++axis)
          ASSERT_EQ(shape[axis], signature.inputs()[i].dims[axis].is_symbolic() ? padded : own.shape()[axis]);
        shape[0] = own.shape()[0];
        for_each_index(shape, [&](std::vector<std::int64_t> index) {
          bool is_own = true;
          for (std::size_t axis = 0; axis < index.size(); ++axis) is_own &= index[axis] < own.shape()[axis];
          const std::int32_t expected = is_own ? at(own, index) : fill;
          index[0] += first_row;
          ASSERT_EQ(at(joined[i].tensor, index), expected) << joined[i].name << " in round " << round;
        });
        first_row += own.shape()[0];
      }
      ASSERT_EQ(joined[i].tensor.shape()[0], first_row);
    }
    // The identity, cut, gives each call what it brought.
    std::int64_t row = 0;
    for (const Tensors& call : calls) {
      const std::int64_t rows = call[0].tensor.shape()[0];
      const Tensors cut = plan.cut(take_rows(joined, row, row + rows).value(), call).value();
      row += rows;
      for (std::size_t i = 0; i < cut.size(); ++i) {
        ASSERT_EQ(cut[i].tensor.shape(), call[i].tensor.shape());
        ASSERT_TRUE(cut[i].tensor.is_contiguous());
        for_each_index(cut[i].tensor.shape(), [&](const std::vector<std::int64_t>& index) {
          ASSERT_EQ(at(cut[i].tensor, index), at(call[i].tensor, index));
        });
      }
    }
  }
}

TEST(PaddingPlan, DoesNotCopyInputsThatNeedNoPadding) {
  const auto signature = Signature::parse("x:i32[batch,T]; y:i32[batch]", "z:i32[batch]").value();
  const auto plan = PaddingPlan::make({"T", {4}, {}}, signature).value();
  for (const std::int64_t length : {4, 5}) {  // a bucket; beyond all
    const Tensors one = {{"x", Tensor::zeros(DType::kI32, {2, length}).value()},
                         {"y", Tensor::zeros(DType::kI32, {2}).value()}};
    const Tensors* const calls[] = {&one};
    const Tensors joined = plan.join(calls).value();
    EXPECT_EQ(joined[0].tensor.data(), one[0].tensor.data());
    EXPECT_EQ(joined[1].tensor.data(), one[1].tensor.data());
  }
}

TEST(PaddingPlan, AnOutputOfAnotherLengthIsAModelError) {
  const auto signature = Signature::parse("x:i32[batch,T]", "y:i32[batch,T]").value();
  const auto plan = PaddingPlan::make({"T", {4}, {}}, signature).value();
  const Tensors inputs = {{"x", Tensor::zeros(DType::kI32, {1, 3}).value()}};
  EXPECT_THAT(plan.cut({{"y", Tensor::zeros(DType::kI32, {1, 3}).value()}}, inputs),
              FailsWith(ErrorCode::kModelError, "'T' was padded to 4, got i32[1, 3]"));
  EXPECT_EQ(plan.cut({{"y", Tensor::zeros(DType::kI32, {1, 4}).value()}}, inputs).value()[0].tensor.shape(),
            (Shape{1, 3}));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
