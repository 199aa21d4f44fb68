// SPDX-License-Identifier: Apache-2.0
// What AOTInductor packages say that they were compiled for: reading it, and comparing it with signatures.
#include "engine/torch/compiled_model.hpp"

#include <gtest/gtest.h>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using libtorch::CallMap;
using libtorch::check_signature;
using libtorch::check_sizes;
using libtorch::CompiledModel;
using libtorch::read_compiled_model;
using Metadata = std::map<std::string, std::string>;

std::string tensor(const std::string& name, const std::string& dtype, const std::string& dims,
                   const std::string& strides = "null") {
  return R"({"name": ")" + name + R"(", "dtype": ")" + dtype + R"(", "dims": [)" + dims + R"(], "strides": )" +
         strides + "}";
}
std::string size(int number) {
  return R"({"size": )" + std::to_string(number) + "}";
}
std::string symbol(const std::string& name, const std::string& min = "1", const std::string& max = "null") {
  return R"({"symbol": ")" + name + R"(", "min": )" + min + R"(, "max": )" + max + "}";
}

Metadata metadata(const std::string& inputs, const std::string& outputs) {
  return {{"gantry_threads", "1"},
          {"gantry_has_state", "false"},
          {"gantry_mutates_inputs", "true"},
          {"gantry_inputs", "[" + inputs + "]"},
          {"gantry_outputs", "[" + outputs + "]"}};
}

CompiledModel compiled(const std::string& inputs, const std::string& outputs) {
  return read_compiled_model(metadata(inputs, outputs)).value().value();
}

/// Everything by position.
Result<std::vector<libtorch::SizeBound>> check(const std::string& inputs, const std::string& outputs,
                                               const char* signature_inputs, const char* signature_outputs,
                                               std::int64_t merged = 16, std::int64_t batch = 0) {
  const auto signature = Signature::parse(signature_inputs, signature_outputs).value();
  CallMap call;
  for (std::size_t i = 0; i < signature.inputs().size(); ++i) call.inputs.push_back(i);
  for (std::size_t i = 0; i < signature.outputs().size(); ++i) call.outputs.push_back(i);
  return check_signature(compiled(inputs, outputs), call, signature, merged, batch);
}

const std::string kOut = tensor("y", "f32", size(2));
constexpr const char* kOutSignature = "y:f32[2]";

TEST(CompiledModel, IsReadFromTheMetadata) {
  const auto model =
      compiled(tensor("x", "f32", symbol("batch", "1", "16") + ", " + size(4)), tensor("y", "i64", "") + ", null");
  ASSERT_EQ(model.inputs.size(), 1u);
  EXPECT_EQ(model.inputs[0].name, "x");
  EXPECT_EQ(model.inputs[0].dtype, DType::kF32);
  ASSERT_EQ(model.inputs[0].dims.size(), 2u);
  EXPECT_EQ(model.inputs[0].dims[0].symbol, "batch");
  EXPECT_EQ(model.inputs[0].dims[0].max, 16);
  EXPECT_EQ(model.inputs[0].dims[1].size, 4);
  ASSERT_EQ(model.outputs.size(), 2u);
  EXPECT_EQ(model.outputs[0]->dtype, DType::kI64);
  EXPECT_FALSE(model.outputs[1].has_value());
  EXPECT_EQ(model.threads, 1);
  EXPECT_FALSE(model.has_state);
  EXPECT_TRUE(model.mutates_inputs);
}

TEST(CompiledModel, IsNoneUnlessAllIsSaid) {
  const Metadata whole = metadata(kOut, kOut);
  for (const auto& [key, value] : whole) {
    Metadata part = whole;
    part.erase(key);
    EXPECT_FALSE(read_compiled_model(part).value().has_value()) << key;
  }
}

TEST(CompiledModel, RefusesDamagedMetadata) {
  const auto with = [](const char* key, const std::string& value) {
    Metadata changed = metadata(kOut, kOut);
    changed[key] = value;
    return read_compiled_model(changed);
  };
  for (const char* key :
       {"gantry_threads", "gantry_has_state", "gantry_mutates_inputs", "gantry_inputs", "gantry_outputs"})
    for (const char* value : {"", "{", "0", "-1", "yes", "[1]", "99999", "{}"})
      EXPECT_THAT(with(key, value), FailsWith(ErrorCode::kInvalidArgument, std::string("'") + key + "'")) << value;
  for (const std::string& bad :
       {tensor("x", "f31", size(1)), tensor("x", "f32", "1"), tensor("x", "f32", size(-1)),
        tensor("x", "f32", symbol("")), tensor("x", "f32", symbol("n", "null")),
        tensor("x", "f32", symbol("n", "1", "-2")), std::string(R"({"name": 1})"), std::string("null")})
    EXPECT_THAT(with("gantry_inputs", "[" + bad + "]"), FailsWith(ErrorCode::kInvalidArgument, "damaged")) << bad;
}

TEST(CompiledModel, FitsASignatureOfItsTypes) {
  const std::string input = tensor("x", "f32", symbol("s0") + ", " + size(4));
  const auto bounds = check(input, tensor("y", "f32", symbol("s0")), "x:f32[batch,4]", "y:f32[batch]");
  ASSERT_THAT(bounds, IsOk());
  EXPECT_TRUE(bounds->empty());
  EXPECT_THAT(check(input, kOut, "x:f32[3,4]", kOutSignature), IsOk());
}

TEST(CompiledModel, RefusesOtherInputs) {
  const std::string input = tensor("x", "f32", symbol("s0") + ", " + size(4));
  for (const char* signature :
       {"x:f16[batch,4]", "x:i32[batch,4]", "x:f32[batch,5]", "x:f32[batch,n]", "x:f32[batch]", "x:f32[batch,4,1]"})
    EXPECT_THAT(check(input, kOut, signature, kOutSignature),
                FailsWith(ErrorCode::kInvalidArgument, "compiled for f32[s0, 4]"))
        << signature;
}

TEST(CompiledModel, RefusesOtherLayouts) {
  EXPECT_THAT(check(tensor("x", "f32", size(3) + ", " + size(4), "[1, 3]"), kOut, "x:f32[3,4]", kOutSignature),
              FailsWith(ErrorCode::kInvalidArgument, "memory layout"));
}

TEST(CompiledModel, RefusesSizesThatMayDifferWhereTheCodeTakesThemForEqual) {
  const std::string two = tensor("x", "f32", symbol("s0")) + ", " + tensor("z", "f32", symbol("s0"));
  EXPECT_THAT(check(two, kOut, "x:f32[n]; z:f32[n]", kOutSignature), IsOk());
  EXPECT_THAT(check(two, kOut, "x:f32[3]; z:f32[3]", kOutSignature), IsOk());
  for (const char* signature : {"x:f32[n]; z:f32[m]", "x:f32[n]; z:f32[3]", "x:f32[3]; z:f32[4]"})
    EXPECT_THAT(check(two, kOut, signature, kOutSignature), FailsWith(ErrorCode::kInvalidArgument, "'s0', is also"))
        << signature;
  const std::string free = tensor("x", "f32", symbol("s0")) + ", " + tensor("z", "f32", symbol("s1"));
  EXPECT_THAT(check(free, kOut, "x:f32[n]; z:f32[n]", kOutSignature), IsOk());
}

TEST(CompiledModel, RefusesOtherOutputs) {
  const std::string input = tensor("x", "f32", symbol("s0") + ", " + symbol("s1"));
  const std::string output = tensor("y", "f32", symbol("s0") + ", " + size(3));
  EXPECT_THAT(check(input, output, "x:f32[a,b]", "y:f32[a,3]"), IsOk());
  for (const char* signature : {"y:f32[b,3]", "y:f32[a,4]", "y:f32[a,a]", "y:i64[a,3]", "y:f32[a]", "y:f32[2,3]"})
    EXPECT_THAT(check(input, output, "x:f32[a,b]", signature),
                FailsWith(ErrorCode::kInvalidArgument, "compiled for f32[s0, 3]"))
        << signature;
}

TEST(CompiledModel, LeavesSizesOfOutputsThatAreExpressionsToTheCall) {
  const std::string output = tensor("y", "f32", symbol("2*s0", "0"));
  EXPECT_THAT(check(tensor("x", "f32", symbol("s0")), output, "x:f32[n]", "y:f32[n]"), IsOk());
  EXPECT_THAT(check(tensor("x", "f32", symbol("s0")), output, "x:f32[4]", "y:f32[8]"), IsOk());
}

TEST(CompiledModel, LeavesSizesThatOnlyOutputsHaveToTheCall) {
  const std::string input = tensor("x", "f32", symbol("s0") + ", " + symbol("s1"));
  for (const std::string& given : {symbol("u0", "0"), symbol("s1 // 2", "0"), symbol("s1"), size(7)})
    EXPECT_THAT(check(input, tensor("y", "f32", symbol("s0") + ", " + given), "x:f32[batch,n]", "y:f32[batch,k]"),
                IsOk())
        << given;
}

TEST(CompiledModel, MayTakeOneSampleWhereEachIsACallOfItsOwn) {
  const std::string input = tensor("x", "f32", size(1) + ", " + symbol("s1"));
  const std::string output = tensor("y", "f32", size(1)) + ", " + tensor("z", "f32", symbol("u0", "0"));
  const auto bounds = check(input, output, "x:f32[batch,n]", "y:f32[batch]; z:f32[k]");
  ASSERT_THAT(bounds, IsOk());
  const auto call = [&](std::int64_t rows) {
    return check_sizes(*bounds, {{"x", Tensor::zeros(DType::kF32, {rows, 4}).value()}});
  };
  EXPECT_THAT(call(1), IsOk());
  EXPECT_THAT(call(2), FailsWith(ErrorCode::kInvalidArgument, "dimension 0 is 2, and the model was compiled for 1"));
  const std::string two = tensor("x", "f32", size(2) + ", " + symbol("s1"));
  EXPECT_THAT(check(two, output, "x:f32[batch,n]", "y:f32[batch]; z:f32[k]"), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(check(input, tensor("y", "f32", size(1)), "x:f32[batch,n]", "y:f32[batch]"),
              HasCode(ErrorCode::kInvalidArgument));
}

TEST(CompiledModel, ComparesFixedSizesWithTheBoundsAtLoad) {
  const std::string input = tensor("x", "f32", symbol("s0", "4", "64"));
  EXPECT_THAT(check(input, kOut, "x:f32[4]", kOutSignature), IsOk());
  EXPECT_THAT(check(input, kOut, "x:f32[64]", kOutSignature), IsOk());
  EXPECT_THAT(check(input, kOut, "x:f32[3]", kOutSignature), FailsWith(ErrorCode::kInvalidArgument, "must be 4 to 64"));
  EXPECT_THAT(check(input, kOut, "x:f32[65]", kOutSignature), HasCode(ErrorCode::kInvalidArgument));
}

TEST(CompiledModel, ComparesFreeSizesWithTheBoundsInEachCall) {
  const std::string inputs =
      tensor("x", "f32", symbol("s0")) + ", " + tensor("z", "f32", symbol("s1", "4", "64") + ", " + symbol("s2", "2"));
  const auto bounds = check(inputs, kOut, "x:f32[n]; z:f32[t,u]", kOutSignature).value();
  const auto call = [&](std::int64_t t, std::int64_t u) {
    return check_sizes(
        bounds, {{"x", Tensor::zeros(DType::kF32, {1}).value()}, {"z", Tensor::zeros(DType::kF32, {t, u}).value()}});
  };
  EXPECT_THAT(call(4, 2), IsOk());
  EXPECT_THAT(call(64, 1000), IsOk());
  EXPECT_THAT(call(3, 2), FailsWith(ErrorCode::kInvalidArgument, "input 'z': dimension 0 is 3"));
  EXPECT_THAT(call(65, 2), FailsWith(ErrorCode::kInvalidArgument, "compiled for 4 to 64"));
  EXPECT_THAT(call(4, 1), FailsWith(ErrorCode::kInvalidArgument,
                                    "dimension 1 is 1, and the model was compiled for at "
                                    "least 2"));
}

TEST(CompiledModel, MayTakeTheOneNumberOfSamplesThatCallsWillHave) {
  const std::string input = tensor("x", "f32", size(4) + ", " + symbol("s1"));
  const std::string output = tensor("y", "f32", size(4));
  const auto bounds = check(input, output, "x:f32[batch,n]", "y:f32[batch]", 16, 4);
  ASSERT_THAT(bounds, IsOk());
  const auto call = [&](std::int64_t rows) {
    return check_sizes(*bounds, {{"x", Tensor::zeros(DType::kF32, {rows, 3}).value()}});
  };
  EXPECT_THAT(call(4), IsOk());
  EXPECT_THAT(call(3), FailsWith(ErrorCode::kInvalidArgument, "dimension 0 is 3, and the model was compiled for 4"));
  EXPECT_THAT(check(input, output, "x:f32[batch,n]", "y:f32[batch]", 16, 3), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(check(input, tensor("y", "f32", size(3)), "x:f32[batch,n]", "y:f32[batch]", 16, 4),
              HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(
      check(input + ", " + tensor("z", "f32", size(3)), output, "x:f32[batch,n]; z:f32[batch]", "y:f32[batch]", 16, 4),
      HasCode(ErrorCode::kInvalidArgument));
}

TEST(CompiledModel, ComparesTheOneNumberOfSamplesWithTheBoundsAtLoad) {
  const std::string input = tensor("x", "f32", symbol("s0", "2", "8"));
  const std::string output = tensor("y", "f32", symbol("s0", "2", "8"));
  EXPECT_THAT(check(input, output, "x:f32[batch]", "y:f32[batch]", 16, 8), IsOk());
  EXPECT_THAT(check(input, output, "x:f32[batch]", "y:f32[batch]", 16, 9),
              FailsWith(ErrorCode::kInvalidArgument, "it is to compute 9 samples, and takes 2 to 8"));
}

TEST(CompiledModel, RefusesAMaxBatchAboveItsOwn) {
  const std::string input = tensor("x", "f32", symbol("s0", "1", "8"));
  const std::string output = tensor("y", "f32", symbol("s0", "1", "8"));
  EXPECT_THAT(check(input, output, "x:f32[batch]", "y:f32[batch]", 8), IsOk());
  EXPECT_THAT(check(input, output, "x:f32[batch]", "y:f32[batch]", 0), IsOk());
  EXPECT_THAT(check(input, output, "x:f32[batch]", "y:f32[batch]", 9),
              FailsWith(ErrorCode::kInvalidArgument, "set ModelOptions::max_batch"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
