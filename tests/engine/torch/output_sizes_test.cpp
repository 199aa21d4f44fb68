// SPDX-License-Identifier: Apache-2.0
// Sizes that follow from the input, by real models: what comes equals what Python gives at every size, also where
// nothing is found. The models are those of models_with_sizes.py.
#include <gtest/gtest.h>

#include <filesystem>
#include <gantry/pipeline.hpp>

#include "engine/torch/engine_fixtures.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

Tensor recorded(const std::string& model, const std::string& which, const std::string& name) {
  return detail::parse_npy(read_file(model_file("sizes/" + model + "/" + which + "/" + name + ".npy")).value()).value();
}

/// Runs each recorded case, as a sample of a pipeline, and compares `rows` (outputs that are the sample's row) and
/// others.
void expect_python(const Model& model, const Runtime& runtime, const std::string& name,
                   const std::vector<std::string>& cases, const std::vector<bool>& rows) {
  const auto pipeline = compile(model.stage<Tensor, Tensors>(), runtime).value();
  for (const std::string& which : cases) {
    const auto sample = recorded(name, which, "in").select(0, 0).value();
    const auto outputs = pipeline.run(sample);
    ASSERT_THAT(outputs, IsOk()) << which;
    for (std::size_t i = 0; i < outputs->size(); ++i) {
      const Tensor whole = recorded(name, which, std::to_string(i));
      const Tensor expected = rows[i] ? whole.select(0, 0).value() : whole;
      const Tensor& got = (*outputs)[i].tensor;
      ASSERT_EQ(got.to_string(), expected.to_string()) << which;
      if (got.dtype() == DType::kF32) {
        EXPECT_THAT(values_of(got), Pointwise(FloatNear(1e-5f), values_of(expected))) << which;
      } else {
        const auto a = got.values<std::int64_t>().value();
        const auto b = expected.values<std::int64_t>().value();
        EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end())) << which;
      }
    }
  }
}

const std::vector<std::string> kPictures = {"48x64", "13x27", "99x40", "12x12"};

TEST(OutputSizes, AFullyConvolutionalNetworkRunsAtEverySize) {
  const auto signature =
      Signature::parse("image:f32[batch,3,H,W]", "faces:f32[batch,2,h,w]; boxes:f32[batch,4,h,w]").value();
  const Runtime runtime = make_runtime(1);
  ModelOptions options = on(runtime);
  options.merge = Merge::kAssume;
  const Model model = libtorch::load(model_file("convolutional.ts"), signature, options).value();
  expect_python(model, runtime, "convolutional", kPictures, {true, true});

  std::vector<Tensor> samples;  // of two sizes, several of each
  for (int i = 0; i < 6; ++i)
    samples.push_back(recorded("convolutional", kPictures[static_cast<std::size_t>(i % 2)], "in").select(0, 0).value());
  const auto results = compile(model.stage<Tensor, Tensors>(), runtime).value().run_batch(samples);
  for (std::size_t i = 0; i < samples.size(); ++i)
    EXPECT_THAT(values_of((*results[i])[1].tensor),
                Pointwise(FloatNear(1e-5f), values_of(recorded("convolutional", kPictures[i % 2], "1"))));
}

TEST(OutputSizes, SuppressionInsideFindsSomeOneOrNone) {
  const auto signature = Signature::parse("boxes:f32[batch,n,5]", "kept:f32[found,4]; scores:f32[found]").value();
  const Runtime runtime = make_runtime(1);
  const Model model = libtorch::load(model_file("suppression.ts"), signature, on(runtime)).value();
  expect_python(model, runtime, "suppression", {"some", "one", "none"}, {false, false});
  EXPECT_EQ(recorded("suppression", "none", "0").to_string(), "f32[0, 4]");
  EXPECT_EQ(recorded("suppression", "one", "0").to_string(), "f32[1, 4]");
  EXPECT_THAT(model.merging(), HasSubstr("output 'kept' has no row for each sample"));
}

TEST(OutputSizes, WhatOutputsShareIsCompared) {
  const auto signature = Signature::parse("boxes:f32[batch,n,5]", "kept:f32[found,found]; scores:f32[found]").value();
  const Model model = libtorch::load(model_file("suppression.ts"), signature, on(make_runtime(1))).value();
  EXPECT_THAT(model.run({{"boxes", recorded("suppression", "one", "in")}}),
              FailsWith(ErrorCode::kModelError, "got f32[1, 4]: 'found' is 1 elsewhere in this call"));
}

TEST(OutputSizes, CompiledCodeTakesOneSampleOfAnySizeWithinItsBounds) {
  const auto signature =
      Signature::parse("image:f32[batch,3,H,W]", "map:f32[batch,2,h,w]; places:i64[found,2]").value();
  const Runtime runtime = make_runtime(1);
  const Model model = libtorch::load(model_file("bright.pt2"), signature, on(runtime)).value();
  expect_python(model, runtime, "bright", {"48x64", "13x27", "99x40", "12x12", "dark"}, {true, false});
  EXPECT_EQ(recorded("bright", "dark", "1").to_string(), "i64[0, 2]");
  const auto run = [&](const Shape& shape) {
    return model.run({{"image", Tensor::zeros(DType::kF32, shape).value()}});
  };
  EXPECT_THAT(run({1, 3, 6, 20}), FailsWith(ErrorCode::kInvalidArgument, "compiled for at least 7"));
  EXPECT_THAT(run({2, 3, 20, 20}), FailsWith(ErrorCode::kInvalidArgument, "dimension 0 is 2"));
}

TEST(OutputSizes, CompiledCodeForOneSampleComputesOneAtATimeAndItsOutputsMustHaveARowForIt) {
  const auto signature =
      Signature::parse("image:f32[batch,3,H,W]", "map:f32[batch,2,h,w]; places:i64[batch,2]").value();
  const Model model = libtorch::load(model_file("bright.pt2"), signature, on(make_runtime(1))).value();
  EXPECT_EQ(model.info().batch_sizes, std::vector<int>{1});
  EXPECT_THAT(model.run({{"image", Tensor::zeros(DType::kF32, {1, 3, 20, 20}).value()}}),
              FailsWith(ErrorCode::kModelError, "got i64[0, 2]"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
