// SPDX-License-Identifier: Apache-2.0
// Sizes that follow from the input: symbols that only outputs have, outputs without a row for each sample.
#include <gantry/model.hpp>
#include <gantry/pipeline.hpp>

#include <gtest/gtest.h>

#include <utility>

#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::HasSubstr;

/// As a detector: of each sample, the values above 0, and in `scores` the same divided by 2. It takes one sample a
/// call.
Result<Tensors> find_positive(const Tensors& inputs) {
  if (inputs[0].tensor.shape()[0] != 1) return Error(ErrorCode::kModelError, "takes one picture a call");
  std::vector<float> boxes, scores;
  for (const float value : values_of(inputs[0].tensor)) {
    if (value <= 0) continue;
    boxes.insert(boxes.end(), 4, value);
    scores.push_back(value / 2);
  }
  const auto found = static_cast<std::int64_t>(scores.size());
  return Tensors{{"", Tensor::from<float>(Span<const float>(boxes), {found, 4}).value()},
                 {"", Tensor::from<float>(Span<const float>(scores), {found}).value()}};
}

/// As a strided network: every second value of each sample.
Result<Tensors> every_second(const Tensors& inputs) {
  const Tensor& x = inputs[0].tensor;
  const std::int64_t rows = x.shape()[0], columns = x.shape()[1];
  std::vector<float> kept;
  const auto values = values_of(x);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; j += 2) kept.push_back(values[static_cast<std::size_t>(i * columns + j)]);
  return Tensors{{"", Tensor::from<float>(Span<const float>(kept), {rows, (columns + 1) / 2}).value()}};
}

Signature detector() {
  return Signature::parse("x:f32[batch,n]", "boxes:f32[found,4]; scores:f32[found]").value();
}

struct Detector {
  Detector() { script->compute = find_positive; }
  std::shared_ptr<FakeScript> script = std::make_shared<FakeScript>();
  Runtime runtime = make_runtime(2);
  Model model = make_fake_model(script, runtime, 0, 16, detector());
};

TEST(OutputSizes, ADetectorRunsOnOneSampleAtATime) {
  Detector one;
  EXPECT_EQ(one.model.merging(), "merges no samples: output 'boxes' has no row for each sample, boxes: f32[found, 4]");
  const auto pipeline = compile(one.model.stage<Tensor, Tensors>(), one.runtime).value();
  const Tensors found = pipeline.run(row({1, -1, 3})).value();
  EXPECT_EQ(found.find("boxes")->to_string(), "f32[2, 4]");
  EXPECT_EQ(values_of(*found.find("scores")), (std::vector<float>{0.5f, 1.5f}));
  EXPECT_THAT(pipeline.explain(), HasSubstr("merges no samples: output 'boxes' has no row"));
}

TEST(OutputSizes, NothingFoundIsAnAnswer) {
  Detector one;
  const auto pipeline = compile(one.model.stage<Tensor, Tensors>(), one.runtime).value();
  const Tensors none = pipeline.run(row({-1, -2})).value();
  EXPECT_EQ(none.find("boxes")->to_string(), "f32[0, 4]");
  EXPECT_EQ(none.find("scores")->to_string(), "f32[0]");
  const Tensors raw = one.model.run({{"x", Tensor::zeros(DType::kF32, {1, 3}).value()}}).value();
  EXPECT_EQ(raw.find("boxes")->to_string(), "f32[0, 4]");
}

TEST(OutputSizes, SamplesOfABatchAndOfAListAreCallsOfTheirOwn) {
  Detector one;
  const auto pipeline = compile(one.model.stage<Tensor, Tensors>(), one.runtime).value();
  const std::vector<Tensor> samples = {row({1, 2}), row({-1, 0}), row({5, -1})};
  const auto answers = pipeline.run_batch(samples);
  const auto lists = compile(each(one.model.stage<Tensor, Tensors>()), one.runtime).value().run(samples).value();
  for (std::size_t i = 0; i < 3; ++i) {
    const auto expected = find_positive({{"x", samples[i].reshape({1, 2}).value()}}).value();
    EXPECT_EQ(values_of(*answers[i].value().find("scores")), values_of(expected[1].tensor)) << i;
    EXPECT_EQ(values_of(*lists[i].find("boxes")), values_of(expected[0].tensor)) << i;
  }
  EXPECT_EQ(one.script->batch_sizes(), (std::vector<std::int64_t>(6, 1)));
}

TEST(OutputSizes, OutputsOfOneCallMustAgree) {
  Detector one;
  one.script->compute = [](const Tensors&) -> Result<Tensors> {
    return Tensors{{"", Tensor::zeros(DType::kF32, {3, 4}).value()}, {"", Tensor::zeros(DType::kF32, {2}).value()}};
  };
  const auto pipeline = compile(one.model.stage<Tensor, Tensors>(), one.runtime).value();
  EXPECT_THAT(pipeline.run(row({1, 2})),
              FailsWith(ErrorCode::kModelError, "expected scores: f32[found], got f32[2]: 'found' is 3 elsewhere"));
}

TEST(OutputSizes, OutputsWithAndWithoutRowsAreToldApart) {
  const auto script = std::make_shared<FakeScript>();
  script->compute = [](const Tensors& inputs) -> Result<Tensors> {
    return Tensors{{"", inputs[0].tensor}, {"", Tensor::zeros(DType::kF32, {1, 5}).value()}};
  };
  const Runtime runtime = make_runtime(1);
  const Model model =
      make_fake_model(script, runtime, 0, 16, Signature::parse("x:f32[batch,2]", "y:f32[batch,2]; z:f32[k,5]").value());
  const Tensors out = compile(model.stage<Tensor, Tensors>(), runtime).value().run(row({1, 2})).value();
  EXPECT_EQ(out.find("y")->to_string(), "f32[2]") << "the sample's row";
  EXPECT_EQ(out.find("z")->to_string(), "f32[1, 5]") << "the sample's whole";
}

TEST(OutputSizes, AStridedNetworkMergesSamplesOfOneSize) {
  const auto script = std::make_shared<FakeScript>();
  script->compute = every_second;
  const Runtime runtime = make_runtime(1);
  const Model model =
      make_fake_model(script, runtime, 0, 16, Signature::parse("x:f32[batch,n]", "y:f32[batch,half]").value());
  const auto pipeline = compile(model.stage(), runtime).value();
  const std::vector<Tensor> samples = {row({1, 2, 3}), row({4, 5, 6}), row({7, 8})};
  const auto answers = pipeline.run_batch(samples);
  EXPECT_EQ(values_of(answers[1].value()), (std::vector<float>{4, 6}));
  EXPECT_EQ(values_of(answers[2].value()), (std::vector<float>{7}));
  EXPECT_EQ(script->batch_sizes(), (std::vector<std::int64_t>{2, 1}));
}

TEST(OutputSizes, ABatchIsSplitWhereItsPartsFitTogetherAndElseSaysWhy) {
  const auto script = std::make_shared<FakeScript>();
  script->compute = every_second;
  const Runtime runtime = make_runtime(1);
  const Model model =
      make_fake_model(script, runtime, 1, 2, Signature::parse("x:f32[batch,n]", "y:f32[batch,half]").value());
  const Tensor five = Tensor::zeros(DType::kF32, {5, 3}).value();
  EXPECT_EQ(model.run({{"x", five}}).value()[0].tensor.to_string(), "f32[5, 2]");
  EXPECT_EQ(script->batch_sizes(), (std::vector<std::int64_t>{2, 2, 1}));
  script->compute = [](const Tensors& inputs) -> Result<Tensors> {
    const std::int64_t rows = inputs[0].tensor.shape()[0];
    return Tensors{{"", Tensor::zeros(DType::kF32, {rows, rows}).value()}};
  };
  EXPECT_THAT(model.run({{"x", five}}), FailsWith(ErrorCode::kModelError, "cannot be joined: sizes of the outputs"));
}

TEST(OutputSizes, ProofOfIndependentRowsSeesASizeThatDependsOnTheBatch) {
  ModelOptions options;
  options.warmup_runs = 0;
  options.runtime = make_runtime(1);
  options.examples = {{{"x", Tensor::from<float>(Span<const float>(std::vector<float>{1, 2, 3, 4}), {2, 2}).value()}}};
  const auto script = std::make_shared<FakeScript>();
  script->compute = [](const Tensors& inputs) -> Result<Tensors> {
    const std::int64_t rows = inputs[0].tensor.shape()[0];
    return Tensors{{"", Tensor::zeros(DType::kF32, {rows, rows}).value()}};
  };
  const Model model = Model::make(std::make_unique<FakeEngine>(script),
                                  Signature::parse("x:f32[batch,2]", "y:f32[batch,found]").value(), options)
                          .value();
  EXPECT_THAT(model.merging(), HasSubstr("samples depend on each other in a batch of 2: sample 0, output 0: expected "
                                         "f32[1, 1], got f32[1, 2]"));
}

TEST(OutputSizes, AreNotPadded) {
  ModelOptions options;
  options.runtime = make_runtime(1);
  options.padding = Padding{"n", {4}, {}};
  const auto make = [&](const char* outputs) {
    return Model::make(std::make_unique<FakeEngine>(std::make_shared<FakeScript>()),
                       Signature::parse("x:f32[batch,n]", outputs).value(), options);
  };
  EXPECT_THAT(make("y:f32[batch,quarter]"),
              FailsWith(ErrorCode::kInvalidArgument,
                        "ModelOptions::padding: dim: 'quarter' of the outputs is not a dimension of an input"));
  EXPECT_THAT(make("y:f32[n]"), FailsWith(ErrorCode::kInvalidArgument, "has no batch axis in an output"));
  EXPECT_THAT(make("y:f32[batch,n]"), IsOk());
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
