// SPDX-License-Identifier: Apache-2.0
// Signature: what may be declared, and what tensors are accepted, with the words for what is not.
#include <gtest/gtest.h>

#include <gantry/signature.hpp>
#include <string>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::HasCode;
using test::IsOk;

Tensor zeros(DType dtype, const Shape& shape) {
  return Tensor::zeros(dtype, shape).value();
}

Signature image_signature() {
  return Signature::parse("image:f32[batch,3,8,8]", "logits:f32[batch,10]").value();
}

TEST(Signature, ParsesNamesTypesAndDimensions) {
  const Signature signature =
      Signature::parse(" ids : i64 [batch, length]; mask:bool[batch,length] ", "out:f16[batch,length,16]").value();
  ASSERT_EQ(signature.inputs().size(), 2u);
  EXPECT_EQ(signature.inputs()[0].name, "ids");
  EXPECT_EQ(signature.inputs()[0].dtype, DType::kI64);
  EXPECT_EQ(signature.inputs()[0].dims[1].symbol, "length");
  EXPECT_EQ(signature.outputs()[0].dims[2].extent, 16);
  EXPECT_FALSE(signature.outputs()[0].dims[2].is_symbolic());
  EXPECT_TRUE(signature.has_batch_axis());
  EXPECT_EQ(signature.to_string(),
            "(ids: i64[batch, length], mask: bool[batch, length]) -> (out: f16[batch, length, 16])");
}

TEST(Signature, ParsesScalars) {
  const Signature signature = Signature::parse("x:f64[]", "y:f64[]").value();
  EXPECT_TRUE(signature.inputs()[0].dims.empty());
  EXPECT_FALSE(signature.has_batch_axis());
  EXPECT_EQ(signature.to_string(), "(x: f64[]) -> (y: f64[])");
}

TEST(Signature, RefusesTextThatIsNotASignature) {
  const auto rejects = [](const char* inputs, const char* message) {
    EXPECT_THAT(Signature::parse(inputs, "y:f32[1]"), FailsWith(ErrorCode::kInvalidArgument, message)) << inputs;
  };
  rejects("", "needs at least one input");
  rejects("x", "expected 'name:dtype[dim,dim]', got 'x'");
  rejects("x:f32", "expected 'name:dtype[dim,dim]'");
  rejects("x[f32:3]", "expected 'name:dtype[dim,dim]'");
  rejects("x:f32[3", "expected 'name:dtype[dim,dim]'");
  rejects("x:f32[3]]", "has a dimension");
  rejects(":f32[3]", "an input has no name");
  rejects("x:float[3]", "float");
  rejects("x:f32[3]; x:f32[4]", "input 'x' appears twice");
  rejects("x:f32[0]", "has a dimension '0'; expected a number of at least 1 or an identifier");
  rejects("x:f32[-1]", "has a dimension '-1'");
  rejects("x:f32[2 3]", "has a dimension '2 3'");
  rejects("x:f32[n+1]", "has a dimension 'n+1'");
  rejects("x:f32[99999999999999999999]", "has a dimension '99999999999999999999'");
  rejects("x:f32[1,,2]", "a dimension is missing");
  rejects("x:f32[1, ,2]", "a dimension is missing");
  rejects("x:f32[,1]", "a dimension is missing");
  rejects("x:f32[1,]", "a dimension is missing");
  rejects("x:f32[1,1,1,1,1,1,1,1,1]", "has 9 dimensions, at most 8 are possible");
  EXPECT_THAT(Signature::parse("x:f32[1]", ""), FailsWith(ErrorCode::kInvalidArgument, "at least one output"));
}

TEST(Signature, ASymbolThatOnlyOutputsHaveIsTheSameInAllOfThem) {
  const Signature signature = Signature::parse("x:f32[batch,T]", "a:f32[batch,n,4]; b:f32[T]; c:i64[n,m]").value();
  EXPECT_EQ(signature.output_symbols(), (std::vector<std::string>{"n", "m"}));
  const auto check = [&](std::int64_t a, std::int64_t c, std::int64_t m) {
    return signature.check_outputs(
        {{"a", zeros(DType::kF32, {2, a, 4})}, {"b", zeros(DType::kF32, {5})}, {"c", zeros(DType::kI64, {c, m})}},
        {{"batch", 2}, {"T", 5}});
  };
  EXPECT_THAT(check(3, 3, 7), IsOk());
  EXPECT_THAT(check(9, 9, 1), IsOk()) << "another call, another size";
  EXPECT_THAT(check(0, 0, 0), IsOk()) << "nothing was found";
  EXPECT_THAT(check(3, 2, 7), FailsWith(ErrorCode::kModelError,
                                        "expected c: i64[n, m], got i64[2, 7]: 'n' is 3 elsewhere in this call"));
  EXPECT_THAT(check(0, 2, 7), FailsWith(ErrorCode::kModelError, "'n' is 0 elsewhere in this call"));
}

TEST(Signature, ASymbolOfAnInputIsNeverEmpty) {
  const Signature signature = Signature::parse("x:f32[batch,T]", "y:f32[batch,T]").value();
  EXPECT_THAT(signature.check_inputs({{"x", zeros(DType::kF32, {1, 0})}}),
              FailsWith(ErrorCode::kInvalidArgument, "'T' must be at least 1"));
  EXPECT_THAT(signature.check_outputs({{"y", zeros(DType::kF32, {1, 0})}}, {{"batch", 1}, {"T", 3}}),
              FailsWith(ErrorCode::kModelError, "'T' is 3 elsewhere in this call"));
  EXPECT_TRUE(signature.output_symbols().empty());
}

TEST(Signature, RefusesTheBatchAxisWhereNoInputHasIt) {
  EXPECT_THAT(Signature::parse("x:f32[n]", "y:f32[batch,4]"),
              FailsWith(ErrorCode::kInvalidArgument, "output 'y' uses the symbol 'batch', which no input has"));
}

TEST(Signature, HasABatchAxisIfAllInputsBeginWithIt) {
  const auto has = [](const char* inputs, const char* outputs) {
    return Signature::parse(inputs, outputs).value().has_batch_axis();
  };
  EXPECT_TRUE(has("x:f32[batch]", "y:f32[batch,2]"));
  EXPECT_TRUE(has("x:f32[batch]", "y:f32[2]"));
  EXPECT_FALSE(has("x:f32[batch]; z:f32[2]", "y:f32[batch]"));
  EXPECT_FALSE(has("x:f32[n]", "y:f32[n]"));
  EXPECT_FALSE(has("x:f32[2,batch]", "y:f32[batch]"));
  EXPECT_FALSE(has("x:f32[batch,batch]", "y:f32[batch]"));  // it would tie a sample's extent to the number of samples
}

TEST(Signature, SamplesShareCallsOnlyIfAllOutputsHaveRows) {
  const auto can_share = [](const char* inputs, const char* outputs) {
    return Signature::parse(inputs, outputs).value().can_share_calls();
  };
  EXPECT_TRUE(can_share("x:f32[batch]", "y:f32[batch,2]; z:f32[batch,n]"));
  EXPECT_FALSE(can_share("x:f32[batch]", "y:f32[batch,2]; z:f32[n]"));
  EXPECT_FALSE(can_share("x:f32[batch]", "y:f32[batch,batch]"));
  EXPECT_FALSE(can_share("x:f32[n]", "y:f32[n]"));
  const Signature mixed = Signature::parse("x:f32[batch]", "y:f32[batch,2]; z:f32[n]; u:f32[2,batch]").value();
  EXPECT_TRUE(mixed.has_rows(0));
  EXPECT_FALSE(mixed.has_rows(1));
  EXPECT_FALSE(mixed.has_rows(2));
}

TEST(Signature, AcceptsInputsInAnyOrderAndBindsSymbols) {
  const Signature signature = Signature::parse("a:f32[batch,n]; b:i32[n]", "y:f32[batch]").value();
  const auto binding =
      signature.check_inputs({{"b", zeros(DType::kI32, {5})}, {"a", zeros(DType::kF32, {2, 5})}}).value();
  EXPECT_EQ(binding, (SymbolBinding{{"batch", 2}, {"n", 5}}));
}

TEST(Signature, SymbolsMustAgreeAcrossInputs) {
  const Signature signature = Signature::parse("a:f32[batch,n]; b:i32[n]", "y:f32[batch]").value();
  EXPECT_THAT(
      signature.check_inputs({{"a", zeros(DType::kF32, {2, 5})}, {"b", zeros(DType::kI32, {4})}}),
      FailsWith(ErrorCode::kInvalidArgument, "expected b: i32[n], got i32[4]: 'n' is 5 elsewhere in this call"));
}

TEST(Signature, SaysWhatIsWrongWithAnInput) {
  const Signature signature = image_signature();
  const auto check = [&](Tensors tensors) { return signature.check_inputs(tensors); };
  EXPECT_THAT(check({}), FailsWith(ErrorCode::kInvalidArgument, "input 'image' is missing; expected 'image'"));
  EXPECT_THAT(check({{"image", zeros(DType::kF64, {1, 3, 8, 8})}}),
              FailsWith(ErrorCode::kInvalidArgument, "expected image: f32[batch, 3, 8, 8], got f64[1, 3, 8, 8]"));
  EXPECT_THAT(check({{"image", zeros(DType::kF32, {3, 8, 8})}}),
              FailsWith(ErrorCode::kInvalidArgument, "expected image: f32[batch, 3, 8, 8], got f32[3, 8, 8]"));
  EXPECT_THAT(check({{"image", zeros(DType::kF32, {1, 4, 8, 8})}}), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(check({{"image", zeros(DType::kF32, {0, 3, 8, 8})}}),
              FailsWith(ErrorCode::kInvalidArgument, "'batch' must be at least 1"));
  const Tensor good = zeros(DType::kF32, {1, 3, 8, 8});
  EXPECT_THAT(check({{"image", good}, {"extra", good}}),
              FailsWith(ErrorCode::kInvalidArgument, "unknown input 'extra'; expected 'image'"));
  EXPECT_THAT(check({{"image", good}, {"image", good}}),
              FailsWith(ErrorCode::kInvalidArgument, "input 'image' appears twice"));
  EXPECT_THAT(check({{"image", good}}), IsOk());
}

TEST(Signature, ChecksOutputsAgainstTheBinding) {
  const Signature signature = image_signature();
  const SymbolBinding binding = {{"batch", 2}};
  EXPECT_THAT(signature.check_outputs({{"", zeros(DType::kF32, {2, 10})}}, binding), IsOk());
  EXPECT_THAT(signature.check_outputs({{"logits", zeros(DType::kF32, {3, 10})}}, binding),
              FailsWith(ErrorCode::kModelError, "'batch' is 2 elsewhere in this call"));
  EXPECT_THAT(signature.check_outputs({{"logits", zeros(DType::kF16, {2, 10})}}, binding),
              FailsWith(ErrorCode::kModelError, "the model's output disagrees with its signature: expected logits"));
  EXPECT_THAT(signature.check_outputs({}, binding),
              FailsWith(ErrorCode::kModelError, "expected 1 outputs ('logits'), got 0"));
  const Tensor good = zeros(DType::kF32, {2, 10});
  EXPECT_THAT(signature.check_outputs({{"logits", good}, {"more", good}}, binding), HasCode(ErrorCode::kModelError));
}

TEST(Signature, ChecksASampleWithoutTheBatchAxis) {
  const Signature signature = Signature::parse("a:f32[batch,n]; b:i32[batch,n]", "y:f32[batch]").value();
  SymbolBinding binding;
  EXPECT_THAT(signature.check_sample(0, zeros(DType::kF32, {4}), binding), IsOk());
  EXPECT_THAT(signature.check_sample(1, zeros(DType::kI32, {3}), binding),
              FailsWith(ErrorCode::kInvalidArgument, "expected b: i32[n], got i32[3]: 'n' is 4 elsewhere"));
  EXPECT_THAT(signature.check_sample(1, zeros(DType::kI32, {1, 4}), binding),
              FailsWith(ErrorCode::kInvalidArgument, "expected b: i32[n], got i32[1, 4]"));
  EXPECT_EQ(binding.count("batch"), 0u);
}

TEST(Signature, ChecksASampleAsItIsWithoutABatchAxis) {
  const Signature signature = Signature::parse("a:f32[n,2]", "y:f32[n]").value();
  SymbolBinding binding;
  EXPECT_THAT(signature.check_sample(0, zeros(DType::kF32, {7, 2}), binding), IsOk());
  EXPECT_EQ(binding, (SymbolBinding{{"n", 7}}));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
