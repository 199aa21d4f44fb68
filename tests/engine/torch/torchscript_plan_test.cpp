// SPDX-License-Identifier: Apache-2.0
// Plans of the TorchScript engine: the answers of "frozen", pads folded only where that is exact, and who is refused.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <stdexcept>
#include <tuple>

#include "engine/torch/engine_fixtures.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Signature pictures(const std::string& outputs = "y:f32[batch,4,h,w]", const std::string& sizes = "12,12") {
  return Signature::parse("x:f32[batch,3," + sizes + "]", outputs).value();
}

Tensors picture(std::int64_t samples, std::int64_t side = 12) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> value(-1, 1);
  std::vector<float> values(static_cast<std::size_t>(samples * 3 * side * side));
  for (float& one : values) one = value(random);
  return {{"x", Tensor::from<float>(Span<const float>(values), {samples, 3, side, side}).value()}};
}

Result<std::unique_ptr<Engine>> load_with(const std::string& plan, const std::string& file,
                                          const Signature& signature = pictures()) {
  libtorch::Options options;
  options.plan = plan;
  return load_engine(file, signature, options);
}

std::string description(const std::string& plan, const std::string& file, const Signature& signature = pictures()) {
  const auto engine = load_with(plan, file, signature);
  return engine ? (*engine)->info().description : engine.error().to_string();
}

/// The only output of one instance of `plan`.
std::vector<float> answer(const std::string& plan, const std::string& file, const Signature& signature,
                          const Tensors& inputs) {
  const auto engine = load_with(plan, file, signature);
  if (!engine) throw std::runtime_error(engine.error().to_string());
  return output_of((*engine)->make_instance(1).value()->run(inputs, {}));
}

void expect_equal_to_frozen(const std::string& plan, const std::string& file, const Signature& signature,
                            const Tensors& inputs) {
  const auto expected = answer("frozen", file, signature, inputs);
  const auto got = answer(plan, file, signature, inputs);
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(got[i])) << i;
    } else if (got[i] != expected[i]) {  // infinities are equal
      ASSERT_NEAR(got[i], expected[i], 1e-5 * (1 + std::abs(expected[i]))) << i;
    }
  }
}

class PlansOf : public testing::TestWithParam<std::tuple<const char*, const char*>> {};

INSTANTIATE_TEST_SUITE_P(Each, PlansOf,
                         testing::Combine(testing::Values("channels_last", "fused"),
                                          testing::Values("pad-symmetric", "pad-asymmetric", "pad-of-ones",
                                                          "pad-reflect", "pad-crop", "pad-two-readers", "pad-changed",
                                                          "pad-infinite", "conv-activations")));

TEST_P(PlansOf, AnswerAsFrozenDoes) {
  const auto [plan, name] = GetParam();
  for (const std::int64_t samples : {1, 3})
    expect_equal_to_frozen(plan, std::string(name) + ".ts", pictures(), picture(samples));
}

TEST(Plans, KeepAnswersOfScriptedAndTracedNetworks) {
  const Signature signature = pictures("y:f32[batch,288]");
  for (const char* plan : {"channels_last", "fused"})
    for (const char* file : {"conv-body.ts", "conv-body-traced.ts"})
      expect_equal_to_frozen(plan, file, signature, picture(3));
}

TEST(Plans, ServeOtherSizesThanThoseTheyWerePackedFor) {
  expect_equal_to_frozen("fused", "pad-symmetric.ts", pictures(), picture(2, 31));
}

TEST(Plans, SayWhatTheyDid) {
  const Signature signature = pictures("y:f32[batch,288]");
  EXPECT_THAT(description("channels_last", "conv-body.ts", signature),
              HasSubstr("plan 'channels_last' (2 pads folded, 3 convolutions in channels_last)"));
  EXPECT_THAT(description("fused", "conv-body.ts", signature),
              HasSubstr("plan 'fused' (2 pads folded, 3 convolutions packed, 2 activations fused)"));
  EXPECT_THAT(description("frozen", "conv-body.ts", signature), Not(HasSubstr("plan")));
}

TEST(Plans, FuseEachActivationThatNobodyElseReads) {
  EXPECT_THAT(description("fused", "conv-activations.ts"), HasSubstr("8 convolutions packed, 7 activations fused"));
}

TEST(Pads, AreFoldedWhereTheAnswerStaysTheSame) {
  EXPECT_THAT(description("channels_last", "pad-symmetric.ts"), HasSubstr("(1 pad folded"));
}

class PadsThatStay : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Each, PadsThatStay,
                         testing::Values("pad-asymmetric", "pad-of-ones", "pad-reflect", "pad-crop", "pad-channels",
                                         "pad-two-readers", "pad-changed", "pad-infinite"));

TEST_P(PadsThatStay, WhereItWouldNot) {
  EXPECT_THAT(description("channels_last", GetParam() + std::string(".ts")), HasSubstr("(0 pads folded"));
}

TEST(Plans, AreRefusedToModelsThatTheyDoNotFit) {
  for (const std::string plan : {"channels_last", "fused"}) {
    const std::string named = "plan '" + plan + "'";
    EXPECT_THAT(load_with(plan, "conv-state.ts"),
                FailsWith(ErrorCode::kUnsupported, named + ": the model changes its own state"));
    EXPECT_THAT(load_with(plan, "conv-strided.ts", pictures("y:f32[batch,4]")),
                FailsWith(ErrorCode::kUnsupported, "looks at how tensors lie in memory (aten::"));
    EXPECT_THAT(load_with(plan, "pad-same.ts"), FailsWith(ErrorCode::kUnsupported, "forward() has no 2-D convolution"));
    EXPECT_THAT(load_with(plan, "identity.ts", row_signature()),
                FailsWith(ErrorCode::kUnsupported, named + ": forward() has no 2-D convolution"));
  }
  EXPECT_THAT(load_with("frozen", "conv-state.ts"), IsOk());
}

TEST(Plans, ThatPackWeightsNeedFixedSizes) {
  const Signature free = pictures("y:f32[batch,4,a,b]", "h,w");
  EXPECT_THAT(load_with("fused", "pad-symmetric.ts", free),
              FailsWith(ErrorCode::kUnsupported, "weights are packed for fixed sizes"));
  expect_equal_to_frozen("channels_last", "pad-symmetric.ts", free, picture(1, 17));
}

TEST(Plans, ShareTheirWeightsAmongInstances) {
  const auto engine = load_with("fused", "conv-activations.ts").value();
  const std::size_t before = engine->memory().weights_bytes;
  const auto one = engine->make_instance(1);
  const auto other = engine->make_instance(1);
  EXPECT_EQ(engine->memory().weights_bytes, before);
  EXPECT_EQ(output_of((*one)->run(picture(2), {})), output_of((*other)->run(picture(2), {})));
}

TEST(Plans, OfTheHostGoBeforeThePackages) {
  LoadRequest request = request_for("pad-symmetric.ts", pictures());
  request.package_options.set("plan", "fused");
  EXPECT_THAT(libtorch::load_torchscript(request).value()->info().description, HasSubstr("plan 'fused'"));
  request.host_options.set("plan", "frozen");
  EXPECT_THAT(libtorch::load_torchscript(request).value()->info().description, Not(HasSubstr("plan")));
  request.package_options.set("plan", "fastest");
  EXPECT_THAT(libtorch::load_torchscript(request),
              FailsWith(ErrorCode::kInvalidArgument,
                        "options of the package: option 'plan': expected 'frozen', 'channels_last' or 'fused', got "
                        "'fastest'"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
