// SPDX-License-Identifier: Apache-2.0
// What may be merged, and how it is found out: models whose rows depend on each other in the ways that models do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <gantry/pipeline.hpp>
#include <memory>
#include <numeric>
#include <random>

#include "model/merging.hpp"
#include "model/row_samples.hpp"
#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::FakeEngine;
using test::FakeScript;
using test::IsOk;
using test::make_runtime;
using test::row;
using test::row_signature;
using test::values_of;
using testing::HasSubstr;
using testing::StartsWith;

Tensors rows_of(std::vector<float> values) {
  const auto rows = static_cast<std::int64_t>(values.size() / 2);
  return {{"x", Tensor::from<float>(Span<const float>(values), {rows, 2}).value()}};
}

/// A model that maps all values of a batch at once.
std::function<Result<Tensors>(const Tensors&)> mapping(std::function<void(Span<float>)> map) {
  return [map = std::move(map)](const Tensors& inputs) -> Result<Tensors> {
    Tensor y = inputs[0].tensor.clone().value();
    map(y.mutable_values<float>().value());
    return Tensors{{"y", y}};
  };
}

/// The scale of a dynamically quantised layer is that of the whole batch.
void quantise(Span<float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::fabs(value));
  const float scale = largest / 127;
  for (float& value : values) value = scale > 0 ? std::round(value / scale) * scale : value;
}

struct Loaded {
  explicit Loaded(std::function<Result<Tensors>(const Tensors&)> compute,
                  std::vector<Tensors> examples = {rows_of({1, 2, 3, 4.5f, -5, 60})}) {
    script->compute = std::move(compute);
    options.runtime = runtime;
    options.examples = std::move(examples);
    options.warmup_runs = 0;
    auto made = Model::make(std::make_unique<FakeEngine>(script), row_signature(), options);
    if (made) model = *made;
    error = made ? "" : made.error().to_string();
  }
  const Runtime runtime = make_runtime(1);
  const std::shared_ptr<FakeScript> script = std::make_shared<FakeScript>();
  ModelOptions options;
  std::optional<Model> model;
  std::string error;
};

TEST(Merging, NeedsAProof) {
  EXPECT_THAT(Loaded(nullptr, {}).model->merging(), HasSubstr("merges no samples: it was not shown"));
  EXPECT_THAT(Loaded(nullptr, {rows_of({1, 2}), rows_of({3, 4})}).model->merging(),
              HasSubstr("no example has several"));
  EXPECT_THAT(Loaded(nullptr, {rows_of({1, 2, 1, 2})}).model->merging(), HasSubstr("no two different samples"));
  EXPECT_EQ(Loaded(nullptr).model->merging(), "merges up to 3 samples, proven on 3 of them");
}

TEST(Merging, TriesNoBatchLargerThanTheExamplesHave) {
  const Loaded one(nullptr, {rows_of({1, 2}), rows_of({3, 4})});
  for (const std::int64_t size : one.script->batch_sizes()) EXPECT_EQ(size, 1);
  const Loaded three(nullptr, {rows_of({1, 2, 3, 4, 5, 6}), rows_of({7, 8})});
  for (const std::int64_t size : three.script->batch_sizes()) EXPECT_LE(size, 3);
}

TEST(Merging, FindsRowsThatDependOnEachOther) {
  const auto merging = [](std::function<void(Span<float>)> map) { return Loaded(mapping(map)).model->merging(); };
  EXPECT_THAT(merging(&quantise), StartsWith("merges no samples: samples depend on each other in a batch of 2"));
  EXPECT_THAT(merging([](Span<float> values) {  // batch statistics
                const float mean =
                    std::accumulate(values.begin(), values.end(), 0.0f) / static_cast<float>(values.size());
                for (float& value : values) value -= mean;
              }),
              StartsWith("merges no samples: samples depend"));
  EXPECT_THAT(merging([](Span<float> values) {  // a position in the batch
                for (std::size_t i = 0; i < values.size(); ++i) values[i] += static_cast<float>(i / 2);
              }),
              StartsWith("merges no samples: samples depend"));
  EXPECT_THAT(merging([](Span<float> values) {  // two may share a batch, three may not
                if (values.size() == 6) values[0] = 0;
              }),
              StartsWith("merges no samples: samples depend on each other in a batch of 3: sample 0"));
  std::mt19937 random(1);
  EXPECT_THAT(merging([&random](Span<float> values) {
                for (float& value : values) value += static_cast<float>(random() % 100);
              }),
              StartsWith("merges no samples: two runs of one sample differ"));
}

/// 0 times the sum of all hides every sample but one that is not finite.
TEST(Merging, FindsADependencyThatShowsOnlyWithNanInAnotherSample) {
  const auto zero_times = [](std::size_t from, std::size_t to) {
    return Loaded(mapping([=](Span<float> values) {
             float sum = 0;
             for (std::size_t i = from; i < std::min(to, values.size()); ++i) sum += values[i];
             for (float& value : values) value += 0 * sum;
           }))
        .model->merging();
  };
  const auto found = StartsWith(
      "merges no samples: samples depend on each other in a batch of 3: a NaN in one sample changes others: sample 1, "
      "output 0: element [0, 0]: expected 3, got nan");
  EXPECT_THAT(zero_times(0, 6), found);
  EXPECT_THAT(zero_times(0, 1), found) << "of the first sample";
  EXPECT_THAT(zero_times(5, 6), found) << "of the last one";
}

TEST(Merging, AFailureForANanIsTheCallsOwnWhereItIsComputedAgainAlone) {
  const auto failing = [](ErrorCode code) {
    return Loaded([code](const Tensors& inputs) -> Result<Tensors> {
      for (const float value : values_of(inputs[0].tensor))
        if (std::isnan(value)) return Error(code, "not a number");
      return Tensors{{"y", inputs[0].tensor}};
    });
  };
  const Loaded fails = failing(ErrorCode::kModelError);
  EXPECT_EQ(fails.model->merging(), "merges up to 3 samples, proven on 3 of them");
  // The others of its batch have their answers.
  const auto pipeline = compile(fails.model->stage(), fails.runtime).value();
  const auto results = pipeline.run_batch(std::vector<Tensor>{row({1, 2}), row({NAN, 2}), row({3, 4})});
  EXPECT_EQ(values_of(results[0].value()), (std::vector<float>{1, 2}));
  EXPECT_THAT(results[1], FailsWith(ErrorCode::kModelError, "not a number"));
  EXPECT_EQ(values_of(results[2].value()), (std::vector<float>{3, 4}));
  EXPECT_EQ(fails.script->batch_sizes().at(7), 3) << "they did share a batch";
  EXPECT_THAT(failing(ErrorCode::kInvalidArgument).model->merging(),
              HasSubstr("a NaN in one sample makes the calls of others fail: invalid_argument: not a number"));
}

/// An index made of a NaN may cost the process its accelerator; the package was shown a NaN when it was packed.
TEST(Merging, TriesNanForAPackageOnlyOnTheCpu) {
  const auto runs_beside_nan = [](Device device, std::size_t largest) {
    std::size_t count = 0;
    const auto run = [&](const Tensors& inputs) -> Result<Tensors> {
      const std::vector<float> values = values_of(inputs[0].tensor);
      count += std::any_of(values.begin(), values.end(), [](float value) { return std::isnan(value); });
      return Tensors{{"y", inputs[0].tensor}};
    };
    ModelOptions options;
    options.device = device;
    options.examples = {rows_of({1, 2, 3, 4})};
    detail::BatchEvidence evidence;
    evidence.largest = largest;
    const auto merging = detail::decide_merging({}, row_signature(), options, evidence, {}, nullptr, run);
    EXPECT_EQ(merging.value().limit, 2u);
    return count;
  };
  EXPECT_EQ(runs_beside_nan(Device::cpu(), 2), 1u);
  EXPECT_EQ(runs_beside_nan(Device::cpu(), 0), 1u) << "a bare model";
  EXPECT_EQ(runs_beside_nan(Device::cuda(), 0), 1u) << "of which nothing else is known";
  EXPECT_EQ(runs_beside_nan(Device::cuda(), 2), 0u);
}

TEST(Merging, IntegersAreNeverReplaced) {
  const auto script = std::make_shared<FakeScript>();
  script->compute = [](const Tensors& inputs) -> Result<Tensors> { return Tensors{{"y", inputs[0].tensor}}; };
  ModelOptions options;
  options.runtime = make_runtime(1);
  options.warmup_runs = 0;
  const std::vector<std::int64_t> values = {1, 2, 3};
  options.examples = {Tensors{{"x", Tensor::from<std::int64_t>(values, {3, 1}).value()}}};
  const auto signature = Signature::parse("x:i64[batch,1]", "y:i64[batch,1]").value();
  const Model model = Model::make(std::make_unique<FakeEngine>(script), signature, options).value();
  EXPECT_THAT(model.merging(), StartsWith("merges up to 3"));
  EXPECT_EQ(script->calls(), 3u + 1 + 2) << "each alone, the first again, batches of 2 and 3";
}

/// Sizes between those of the proof are tried, and what is wrong with one holds for batches of a pipeline, too.
TEST(Merging, StopsAtASizeThatIsWrongWhenItIsTried) {
  std::vector<float> sixteen(32);
  std::iota(sixteen.begin(), sixteen.end(), 1.0f);
  const auto script = std::make_shared<FakeScript>();
  script->compute = mapping([](Span<float> values) {
    if (values.size() == 8) values[0] = 0;
  });
  ModelOptions options;
  options.runtime = make_runtime(1);
  options.examples = {rows_of(sixteen)};
  options.warmup_runs = 1;
  const Model model = Model::make(std::make_unique<FakeEngine>(script), row_signature(), options).value();
  EXPECT_THAT(model.merging(), StartsWith("merges up to 2 samples, since they depend on each other in a batch of 4"));
  EXPECT_EQ(options.runtime->stats().models.at(0).max_merged, 2u);
  const auto pipeline = compile(model.stage(), *options.runtime).value();
  for (const auto& result : pipeline.run_batch(std::vector<Tensor>(4, row({5, 5}))))
    EXPECT_EQ(values_of(result.value()), (std::vector<float>{5, 5}));
  const auto own = model.run(rows_of(std::vector<float>(8, 5)));
  EXPECT_EQ(values_of(own.value()[0].tensor), std::vector<float>(8, 5)) << "a batch of the host's own, in parts";
}

TEST(Merging, AllowsForRoundingOnly) {
  const auto off_by = [](float share) {
    return Loaded(mapping([share](Span<float> values) {
             if (values.size() > 2)
               for (float& value : values) value *= 1 + share;
           }))
        .model->merging();
  };
  EXPECT_THAT(off_by(1e-6f), StartsWith("merges up to 3"));
  EXPECT_THAT(off_by(1e-3f), StartsWith("merges no samples"));
}

/// A mask of -1e9 in the output must not decide how far the other numbers may be off.
TEST(Merging, ALargeNumberExcusesNoOther) {
  const auto merging = [](float mask) {
    return Loaded(mapping([mask](Span<float> values) {
             if (values.size() > 2)
               for (float& value : values) value *= 1.01f;
             for (std::size_t i = 0; i < values.size(); i += 2) values[i] = mask;
           }))
        .model->merging();
  };
  for (const float mask : {0.0f, -1e9f, -3.4e38f}) EXPECT_THAT(merging(mask), StartsWith("merges no samples")) << mask;
}

TEST(Merging, ABatchThatFailsIsNoErrorOfTheModel) {
  const Loaded loaded([](const Tensors& inputs) -> Result<Tensors> {
    if (inputs[0].tensor.shape()[0] > 1) return Error(ErrorCode::kModelError, "traced with a batch of one");
    return Tensors{{"y", inputs[0].tensor}};
  });
  EXPECT_THAT(loaded.model->merging(), HasSubstr("in a batch of 2: model_error: traced with a batch of one"));
}

TEST(Merging, AnExampleThatFailsAloneIsAnError) {
  const Loaded loaded([](const Tensors&) -> Result<Tensors> { return Error(ErrorCode::kModelError, "no kernel"); });
  EXPECT_THAT(loaded.error, HasSubstr("the examples: no kernel"));
}

TEST(Merging, NeverWhereTheModelKeepsStateOrWrites) {
  for (const bool has_state : {true, false}) {
    auto script = std::make_shared<FakeScript>();
    (has_state ? script->has_state : script->mutates_inputs) = true;
    ModelOptions options;
    options.runtime = make_runtime(3);
    options.merge = Merge::kAssume;
    options.examples = {rows_of({1, 2, 3, 4})};
    const Model model = Model::make(std::make_unique<FakeEngine>(script), row_signature(), options).value();
    EXPECT_THAT(model.merging(), HasSubstr(has_state ? "keeps state" : "may write to its inputs"));
    EXPECT_EQ(script->instances_made(), has_state ? 1u : 3u);
    EXPECT_EQ(script->calls(), has_state ? 0u : 3u) << "nothing moves the state before the first call";
  }
}

/// What a pipeline merges by itself follows the same rule as calls of several callers.
TEST(Merging, HoldsForBatchesOfAPipeline) {
  for (const Merge merge : {Merge::kNever, Merge::kProven, Merge::kAssume}) {
    const auto script = std::make_shared<FakeScript>();
    ModelOptions options;
    options.runtime = make_runtime(1);
    options.merge = merge;
    options.warmup_runs = 0;
    const Model model = Model::make(std::make_unique<FakeEngine>(script), row_signature(), options).value();
    const auto pipeline = compile(model.stage(), *options.runtime).value();
    const auto several = compile(stage("three",
                                       [](int) {
                                         return std::vector<Tensor>(3, row({1, 2}));
                                       }) |
                                     each(model.stage()),
                                 *options.runtime)
                             .value();
    for (const auto& result : pipeline.run_batch(std::vector<Tensor>(4, row({1, 2})))) ASSERT_THAT(result, IsOk());
    ASSERT_THAT(several.run(0), IsOk());
    EXPECT_EQ(script->calls(), merge == Merge::kAssume ? 2u : 7u);
  }
}

/// Batch statistics of the host's own batch are Python's, whatever its size.
TEST(Merging, TheHostsOwnBatchIsComputedAsItIs) {
  const auto sum = mapping([](Span<float> values) {
    const float total = std::accumulate(values.begin(), values.end(), 0.0f);
    for (float& value : values) value = total;
  });
  Loaded loaded(sum, {});
  const auto result = loaded.model->run(rows_of(std::vector<float>(200, 1)));
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(values_of((*result)[0].tensor), std::vector<float>(200, 200));
  EXPECT_EQ(loaded.script->batch_sizes(), (std::vector<std::int64_t>{100}));
}

TEST(RowSamples, KeepsThoseOfOneShape) {
  const auto signature = Signature::parse("x:f32[batch,t]", "y:f32[batch,t]").value();
  const auto of = [](std::vector<float> values) {
    const auto count = static_cast<std::int64_t>(values.size());
    return Tensors{{"x", Tensor::from<float>(Span<const float>(values), {1, count}).value()}};
  };
  const std::vector<Tensors> examples = {of({1, 2, 3}), of({1, 2}), of({3, 4}), of({5})};
  const auto identity = [](const Tensors& inputs) -> Result<Tensors> { return inputs; };
  const auto samples = detail::RowSamples::compute(signature, examples, std::nullopt, nullptr, 16, identity).value();
  EXPECT_EQ(samples.size(), 2u);
  EXPECT_EQ(values_of(samples.batch_of(3).value()[0].tensor), (std::vector<float>{1, 2, 3, 4, 1, 2}));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
