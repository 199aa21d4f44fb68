// SPDX-License-Identifier: Apache-2.0
// Engines that compute fixed numbers of samples: which calls they get, and what comes back.
#include "model/batch_sizes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <gantry/pipeline.hpp>
#include <memory>
#include <set>

#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::BatchSizes;
using detail::run_in_sizes;
using test::FailsWith;
using test::FakeScript;
using test::IsOk;
using test::make_runtime;
using test::row;
using test::row_signature;
using test::values_of;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using Sizes = std::vector<std::size_t>;

/// Rows (0, 1), (1, 1), (2, 1), ...
Tensors rows(std::size_t count) {
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) values.insert(values.end(), {static_cast<float>(i), 1});
  const auto extent = static_cast<std::int64_t>(count);
  return {{"x", Tensor::from<float>(Span<const float>(values), {extent, 2}).value()}};
}

/// The first number of each row.
std::vector<float> firsts(const Tensors& tensors) {
  std::vector<float> found;
  const auto values = values_of(tensors[0].tensor);
  for (std::size_t i = 0; i < values.size(); i += 2) found.push_back(values[i]);
  return found;
}

std::vector<float> up_to(std::size_t count, float factor = 1) {
  std::vector<float> numbers;
  for (std::size_t i = 0; i < count; ++i) numbers.push_back(factor * static_cast<float>(i));
  return numbers;
}

TEST(BatchSizes, AreAscendingFromOne) {
  EXPECT_THAT(BatchSizes::make({}), IsOk());
  EXPECT_THAT(BatchSizes::make({1, 4, 8}), IsOk());
  for (const std::vector<int>& wrong : {std::vector<int>{0}, {-1}, {4, 4}, {8, 4}})
    EXPECT_THAT(BatchSizes::make(wrong), FailsWith(ErrorCode::kInvalidArgument, "must be ascending and at least 1"));
  const auto sizes = BatchSizes::make({2, 4, 8}).value();
  EXPECT_EQ(sizes.up_to(1), 0u);
  EXPECT_EQ(sizes.up_to(7), 4u);
  EXPECT_EQ(sizes.up_to(100), 8u);
  EXPECT_TRUE(sizes.fit(8));
  EXPECT_FALSE(sizes.fit(3));
  EXPECT_EQ(BatchSizes().up_to(7), 7u);
  EXPECT_TRUE(BatchSizes().fit(7));
}

/// The calls that `count` samples become.
Sizes calls_of(const std::vector<int>& sizes, std::size_t count) {
  Sizes calls;
  const auto outputs = run_in_sizes(BatchSizes::make(sizes).value(), rows(count), count, true,
                                    [&](const Tensors& inputs, std::size_t size) -> Result<Tensors> {
                                      EXPECT_EQ(inputs[0].tensor.shape()[0], static_cast<std::int64_t>(size));
                                      calls.push_back(size);
                                      return inputs;
                                    });
  EXPECT_EQ(firsts(outputs.value()), up_to(count));
  return calls;
}

TEST(BatchSizes, TheLargestGoFirstAndTheRestOneByOne) {
  EXPECT_EQ(calls_of({1, 4, 8}, 8), (Sizes{8}));
  EXPECT_EQ(calls_of({1, 4, 8}, 15), (Sizes{8, 4, 1, 1, 1}));
  EXPECT_EQ(calls_of({1, 4, 8}, 3), (Sizes{1, 1, 1}));
  EXPECT_EQ(calls_of({1}, 3), (Sizes{1, 1, 1}));
  EXPECT_EQ(calls_of({}, 7), (Sizes{7}));
}

TEST(BatchSizes, LessThanTheSmallestIsFilledUpAndCutBack) {
  EXPECT_EQ(calls_of({4}, 3), (Sizes{4}));
  EXPECT_EQ(calls_of({4, 8}, 13), (Sizes{8, 4, 4}));
  std::vector<float> seen;
  const auto outputs = run_in_sizes(BatchSizes::make({4}).value(), rows(2), 2, true,
                                    [&](const Tensors& inputs, std::size_t) -> Result<Tensors> {
                                      seen = firsts(inputs);
                                      return inputs;
                                    });
  EXPECT_THAT(seen, ElementsAre(0, 1, 1, 1)) << "the last sample again";
  EXPECT_THAT(firsts(outputs.value()), ElementsAre(0, 1));
}

TEST(BatchSizes, SamplesThatMayDependOnEachOtherAreNotTakenApart) {
  const auto sizes = BatchSizes::make({2, 4}).value();
  const auto same = [](const Tensors& inputs, std::size_t) { return Result<Tensors>(inputs); };
  EXPECT_THAT(run_in_sizes(sizes, rows(3), 3, false, same),
              FailsWith(ErrorCode::kInvalidArgument, "the engine computes 2, 4 samples at a time, got 3"));
  EXPECT_THAT(run_in_sizes(sizes, rows(4), 4, false, same), IsOk());
  EXPECT_THAT(firsts(run_in_sizes(sizes, rows(1), 1, false, same).value()), ElementsAre(0)) << "one with itself";
}

TEST(BatchSizes, OutputsOfOtherRowsAreTheModelsError) {
  const auto wrong = [](const Tensors&, std::size_t) { return Result<Tensors>(rows(1)); };
  EXPECT_THAT(run_in_sizes(BatchSizes::make({4}).value(), rows(3), 3, true, wrong),
              FailsWith(ErrorCode::kModelError, "the model's outputs do not have 4 rows"));
}

struct Served {
  explicit Served(std::vector<int> sizes, ModelOptions options = {}) {
    script->allowed_batches = std::move(sizes);
    options.runtime = runtime;
    options.instances = 1;
    model = Model::make(std::make_unique<test::FakeEngine>(script), row_signature(), options).value();
    pipeline = compile(model->stage(), runtime).value();
  }
  std::vector<float> run_batch(std::size_t count) const {
    std::vector<Tensor> samples;
    for (std::size_t i = 0; i < count; ++i) samples.push_back(row({static_cast<float>(i), 1}));
    std::vector<float> answers;
    for (const auto& answer : pipeline->run_batch(samples)) answers.push_back(values_of(answer.value())[0]);
    return answers;
  }

  Runtime runtime = make_runtime(2);
  std::shared_ptr<FakeScript> script = std::make_shared<FakeScript>();
  std::optional<Model> model;
  std::optional<Pipeline<Tensor, Tensor>> pipeline;
};

ModelOptions assuming(int max_batch = 16) {
  ModelOptions options;
  options.merge = Merge::kAssume;
  options.max_batch = max_batch;
  options.warmup_runs = 0;
  return options;
}

TEST(FixedBatchSizes, TheEngineGetsNoOther) {
  const Served served({1, 4, 8}, assuming());
  EXPECT_EQ(served.model->merging(), "merges up to 8 samples, as the host assumes, in calls of 1, 4, 8");
  EXPECT_EQ(served.run_batch(15), up_to(15, 2));
  EXPECT_THAT(served.script->batch_sizes(), Each(testing::AnyOf(1, 4, 8)));
  const auto outputs = served.model->run(rows(6));
  ASSERT_THAT(outputs, IsOk());
  EXPECT_EQ(firsts(*outputs), up_to(6, 2));
  EXPECT_THAT(served.script->batch_sizes(), Each(testing::AnyOf(1, 4, 8)));
}

TEST(FixedBatchSizes, NoMoreAreMergedThanMaxBatchAllows) {
  const Served served({1, 4, 8}, assuming(7));
  EXPECT_THAT(served.model->merging(), HasSubstr("merges up to 4 samples"));
  EXPECT_EQ(served.run_batch(16), up_to(16, 2));
  EXPECT_THAT(served.script->batch_sizes(), Each(testing::AnyOf(1, 4)));
}

TEST(FixedBatchSizes, AnEngineForOneSampleAtATimeTakesAnyNumber) {
  ModelOptions options;
  options.warmup_runs = 0;
  const Served served({1}, options);
  EXPECT_EQ(served.model->merging(), "merges no samples: the engine computes one at a time");
  EXPECT_EQ(firsts(served.model->run(rows(5)).value()), up_to(5, 2));
  EXPECT_EQ(served.run_batch(3), up_to(3, 2));
  EXPECT_THAT(served.script->batch_sizes(), Each(1));
}

TEST(FixedBatchSizes, CallersShareThemAndWaitForNoMore) {
  Served served({4, 8}, assuming());
  std::vector<std::future<Result<Tensor>>> answers;
  for (int i = 0; i < 200; ++i) answers.push_back(served.pipeline->submit(row({static_cast<float>(i), 1})));
  for (std::size_t i = 0; i < answers.size(); ++i)
    EXPECT_EQ(values_of(answers[i].get().value())[0], 2 * static_cast<float>(i));
  EXPECT_THAT(served.script->batch_sizes(), Each(testing::AnyOf(4, 8)));
}

TEST(FixedBatchSizes, AreProvenInSizesThatThereAre) {
  ModelOptions options;
  options.examples = {rows(6)};
  const Served served({1, 4}, options);
  EXPECT_EQ(served.model->merging(), "merges up to 4 samples, proven on 6 of them, in calls of 1, 4");
  EXPECT_THAT(served.script->batch_sizes(), Each(testing::AnyOf(1, 4))) << "trials and warm-up among them";
}

TEST(FixedBatchSizes, ThatAreNotShownToWorkAreNotMerged) {
  ModelOptions options;
  options.examples = {rows(3)};
  const Served served({1, 4}, options);
  EXPECT_EQ(served.model->merging(),
            "merges no samples: the engine computes 1, 4 at a time, and no more than 3 were shown to work");
}

TEST(FixedBatchSizes, OfAnEngineThatAreNoneAreRefused) {
  auto script = std::make_shared<FakeScript>();
  script->allowed_batches = {4, 2};
  ModelOptions options;
  options.runtime = make_runtime(1);
  EXPECT_THAT(Model::make(std::make_unique<test::FakeEngine>(script), row_signature(), options),
              FailsWith(ErrorCode::kInvalidArgument, "EngineInfo::batch_sizes must be ascending"));
}

TEST(MaxThreads, LimitTheThreadsOfAnInstance) {
  RuntimeOptions runtime_options;
  runtime_options.workers = 1;
  runtime_options.intra_op_threads = 4;
  runtime_options.allow_oversubscription = true;
  ModelOptions options;
  options.runtime = Runtime::create(runtime_options).value();
  for (const int most : {0, 2, 8}) {
    auto script = std::make_shared<FakeScript>();
    script->max_threads = most;
    ASSERT_THAT(Model::make(std::make_unique<test::FakeEngine>(script), row_signature(), options), IsOk());
    EXPECT_EQ(script->threads_asked_for(), most == 2 ? 2 : 4);
  }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
