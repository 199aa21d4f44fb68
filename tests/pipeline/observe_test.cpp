// SPDX-License-Identifier: Apache-2.0
// What can be seen of a running pipeline: counters, observed boundaries; and that results do not pin large blocks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "pipeline/config_fixture.hpp"
#include "support/fake_engine.hpp"
#include "support/manual_time.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::add;
using test::FakeScript;
using test::HasCode;
using test::Int;
using test::is_even;
using test::make_fake_model;
using test::make_runtime;
using test::ManualTime;
using test::multiply;
using test::refuse;
using test::row;
using test::spread;
using test::sum;

std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> counts_of(const std::vector<StageStats>& stats) {
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> counts;
  for (const StageStats& stage : stats) counts[stage.path + " " + stage.name] = {stage.samples, stage.errors};
  return counts;
}

TEST(Stats, HoldTheTimesOfEachStageOnceABatch) {
  const auto pipeline = compile(add(1) | spread(3) | each(add(2)), make_runtime(1)).value();
  const std::vector<Int> inputs = {1, 2};
  static_cast<void>(pipeline.run_batch(inputs));
  static_cast<void>(pipeline.run(3));
  for (const StageStats& stage : pipeline.stats()) {
    EXPECT_EQ(stage.time.count, 2u) << stage.path;
    EXPECT_GE(stage.time.quantile(1).count() * 2, static_cast<std::int64_t>(stage.time.sum_ns)) << stage.path;
  }
}

TEST(Stats, OfARuntimeListItsPipelinesWhileTheyLive) {
  const Runtime runtime = make_runtime(1);
  CompileOptions named(runtime);
  named.name = "cats";
  const auto first = compile(refuse(2), named).value();
  {
    const auto second = compile(add(1), named).value();
    const auto unnamed = compile(add(1), runtime).value();
    static_cast<void>(second.run(1));
    const auto pipelines = runtime.stats().pipelines;
    ASSERT_EQ(pipelines.size(), 3u);
    EXPECT_EQ(pipelines[0].name, "cats");
    EXPECT_EQ(pipelines[1].name, "cats#2");
    EXPECT_EQ(pipelines[2].name, "pipeline");
    EXPECT_EQ(pipelines[0].requests, 0u);
    EXPECT_EQ(pipelines[1].requests, 1u);
    EXPECT_EQ(pipelines[1].stages.at(0).samples, 1u);
  }
  EXPECT_EQ(runtime.stats().pipelines.size(), 1u);
}

TEST(Stats, CountEachInputAndItsErrorOnce) {
  const Runtime runtime = make_runtime(1);
  const auto pipeline = compile(refuse(2), runtime).value();
  const std::vector<Int> inputs = {1, 2};
  static_cast<void>(pipeline.run_batch(inputs));
  static_cast<void>(pipeline.run(2));
  static_cast<void>(pipeline.submit(2).get());
  static_cast<void>(pipeline.run(1, within(std::chrono::seconds(-1))));
  const PipelineStats stats = runtime.stats().pipelines.at(0);
  EXPECT_EQ(stats.requests, 5u);
  EXPECT_EQ(stats.errors[static_cast<std::size_t>(ErrorCode::kInvalidArgument)], 3u);
  EXPECT_EQ(stats.errors[static_cast<std::size_t>(ErrorCode::kDeadlineExceeded)], 1u);
  EXPECT_EQ(std::accumulate(stats.errors.begin(), stats.errors.end(), std::uint64_t{0}), 4u);
}

TEST(Stats, HoldWhenTheLastRequestCame) {
  using Clock = std::chrono::system_clock;
  const Runtime runtime = make_runtime(1);
  const auto pipeline = compile(refuse(2), runtime).value();
  const auto last = [&] { return runtime.stats().pipelines.at(0).last_request; };
  EXPECT_EQ(last(), Clock::time_point());
  for (const Int input : {1, 2}) {  // the second is refused
    const auto before = Clock::now();
    static_cast<void>(pipeline.run(input));
    EXPECT_LE(before, last());
    EXPECT_LE(last(), Clock::now());
  }
}

TEST(Stats, HoldTheTimeFromTheCallToTheResultOfWhatWasAnswered) {
  const auto time = std::make_shared<ManualTime>();
  const auto slow = [&](Int value) -> Result<Int> {
    time->advance(std::chrono::milliseconds(value));
    if (value == 9) return Error(ErrorCode::kInvalidArgument, "refused");
    return value;
  };
  const Runtime runtime = make_runtime(1, Execution::kPooled, 1024, time);
  const auto pipeline = compile(stage("slow", slow), runtime).value();
  static_cast<void>(pipeline.run(50));
  static_cast<void>(pipeline.run(9));
  static_cast<void>(pipeline.submit(50).get());
  static_cast<void>(pipeline.run(1, within(std::chrono::seconds(-1), *time)));
  const PipelineStats once = runtime.stats().pipelines.at(0);
  EXPECT_EQ(once.requests, 4u);
  EXPECT_EQ(once.time.count, 2u);
  EXPECT_EQ(once.time.sum_ns, 100'000'000u);

  const std::vector<Int> inputs = {3, 9, 4};  // each of a batch ends when the batch does
  static_cast<void>(pipeline.run_batch(inputs));
  EXPECT_EQ(runtime.stats().pipelines.at(0).time.count, 4u);
  EXPECT_EQ(runtime.stats().pipelines.at(0).time.sum_ns, 100'000'000u + 2 * 16'000'000u);

  const auto outer = compile(pipeline.stage(), runtime).value();
  static_cast<void>(outer.run(5));
  EXPECT_EQ(runtime.stats().pipelines.at(0).time.count, 5u);
  EXPECT_EQ(runtime.stats().pipelines.at(1).time.sum_ns, 5'000'000u);
}

TEST(Stats, OfTwoVersionsAreSeriesOfTheirOwn) {
  const Runtime runtime = make_runtime(1);
  CompileOptions options(runtime);
  options.name = "cats";
  options.version = "1";
  const auto first = compile(add(1), options).value();
  options.version = "2";
  const auto second = compile(add(1), options).value();
  const auto again = compile(add(1), options).value();
  static_cast<void>(second.run(1));
  const auto pipelines = runtime.stats().pipelines;
  ASSERT_EQ(pipelines.size(), 3u);
  EXPECT_EQ(pipelines[1].name, "cats");
  EXPECT_EQ(pipelines[1].version, "2");
  EXPECT_EQ(pipelines[2].name, "cats#2");
  const std::string page = to_prometheus(runtime.stats());
  for (const char* line :
       {"gantry_pipeline_requests_total{pipeline=\"cats\",version=\"1\"} 0\n",
        "gantry_pipeline_requests_total{pipeline=\"cats\",version=\"2\"} 1\n",
        "# TYPE gantry_pipeline_seconds histogram\n",
        "gantry_pipeline_seconds_count{pipeline=\"cats\",version=\"2\"} 1\n",
        "gantry_stage_samples_total{pipeline=\"cats\",version=\"2\",stage=\"test.add\",path=\"pipeline[0]\"} 1\n"})
    EXPECT_THAT(page, testing::HasSubstr(line));
}

TEST(Stats, OfStagesAreOnThePrometheusPage) {
  const Runtime runtime = make_runtime(1);
  CompileOptions options(runtime);
  options.name = "cats";
  const auto pipeline = compile(refuse(2) | add(1), options).value();
  static_cast<void>(pipeline.run(1));
  static_cast<void>(pipeline.run(2));
  const std::string page = to_prometheus(runtime.stats());
  for (const char* line :
       {"# TYPE gantry_stage_seconds histogram\n",
        "gantry_stage_seconds_bucket{pipeline=\"cats\",stage=\"test.refuse\",path=\"pipeline[0]\",le=\"+Inf\"} 2\n",
        "gantry_stage_seconds_count{pipeline=\"cats\",stage=\"test.add\",path=\"pipeline[1]\"} 1\n",
        "gantry_stage_errors_total{pipeline=\"cats\",stage=\"test.refuse\",path=\"pipeline[0]\"} 1\n",
        "gantry_pipeline_requests_total{pipeline=\"cats\"} 2\n",
        "gantry_pipeline_errors_total{pipeline=\"cats\",code=\"invalid_argument\"} 1\n"})
    EXPECT_THAT(page, testing::HasSubstr(line));
}

TEST(Stats, CountSamplesAndErrorsOfEachStage) {
  const auto pipeline = compile(refuse(2) | spread(3) | each(refuse(5)) | sum(), make_runtime(1)).value();
  const std::vector<Int> inputs = {1, 2, 3, 7};  // 2 is refused at once; 3 spreads to 3 4 5, and 5 is refused
  static_cast<void>(pipeline.run_batch(inputs));
  using Counts = std::map<std::string, std::pair<std::uint64_t, std::uint64_t>>;
  EXPECT_EQ(counts_of(pipeline.stats()), (Counts{{"pipeline[0] test.refuse", {4, 1}},
                                                 {"pipeline[1] test.spread", {3, 0}},
                                                 {"pipeline[2] each", {3, 1}},
                                                 {"pipeline[2].do[0] test.refuse", {9, 1}},
                                                 {"pipeline[3] test.sum", {2, 0}}}));
}

TEST(Stats, ListStagesInTheOrderOfDeclaration) {
  const auto pipeline = compile(spread(2) | each(add(1)) | sum(), make_runtime(1)).value();
  std::vector<std::string> paths;
  for (const StageStats& stage : pipeline.stats()) paths.push_back(stage.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"pipeline[0]", "pipeline[1]", "pipeline[1].do[0]", "pipeline[2]"}));
}

TEST(Stats, AddUpOverRequestsAndCopies) {
  const auto pipeline = compile(add(1), make_runtime(2)).value();
  const auto copy = pipeline;  // NOLINT(performance-unnecessary-copy-initialization)
  for (int i = 0; i < 10; ++i) static_cast<void>(copy.run(i));
  EXPECT_EQ(pipeline.stats()[0].samples, 10u);
}

TEST(Stats, CountNoSampleThatIsLate) {
  const auto pipeline = compile(add(1), make_runtime(1)).value();
  static_cast<void>(pipeline.run(1, RunOptions(within(std::chrono::seconds(-1)))));
  EXPECT_EQ(pipeline.stats()[0].samples, 0u);
}

/// Notes what it is shown.
class Notes final : public detail::StepObserver {
 public:
  void after(const std::string& path, Span<detail::Slot> slots) override {
    std::string line = path + ":";
    for (const detail::Slot& slot : slots) {
      line += ' ';
      if (!slot.ok())
        line += gantry::to_string(slot.error().code());
      else if (detail::same_type(slot.value().type(), detail::type_of<Int>()))
        line += std::to_string(slot.value().get<Int>());
      else
        line += slot.value().type().name();
    }
    lines.push_back(line);
    thread = std::this_thread::get_id();
  }
  std::vector<std::string> lines;
  std::thread::id thread;
};

TEST(Observer, SeesEveryBoundary) {
  const auto pipeline =
      compile(refuse(5) | when(is_even(), add(1), multiply(2)) | spread(2) | each(add(10)) | sum(), make_runtime(1))
          .value();
  Notes notes;
  std::vector<detail::Value> inputs;
  for (const Int x : {2, 3, 5}) inputs.emplace_back(Int{x});
  auto results = pipeline.core()->run_observed(std::move(inputs), notes);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].value().get<Int>(), 27);
  EXPECT_EQ(results[1].value().get<Int>(), 33);
  EXPECT_THAT(results[2], HasCode(ErrorCode::kInvalidArgument));
  EXPECT_EQ(notes.lines, (std::vector<std::string>{
                             "pipeline[0]: 2 3 invalid_argument",
                             "pipeline[1].then[0]: 3",
                             "pipeline[1].else[0]: 6",
                             "pipeline[1]: 3 6 invalid_argument",
                             "pipeline[2]: list<long> list<long> invalid_argument",
                             "pipeline[3].do[0]: 13 14 16 17",
                             "pipeline[3]: list<long> list<long> invalid_argument",
                             "pipeline[4]: 27 33 invalid_argument",
                         }));
}

TEST(Observer, SeesModelsOnTheWorkerThatRunsAllOfIt) {
  const Runtime runtime = make_runtime(1);
  const auto script = std::make_shared<FakeScript>();
  const Model model = make_fake_model(script, runtime);
  const auto pipeline = compile(model.stage(), runtime).value();
  Notes notes;
  std::vector<detail::Value> inputs;
  inputs.emplace_back(row({1, 2}));
  ASSERT_EQ(pipeline.core()->run_observed(std::move(inputs), notes).size(), 1u);
  EXPECT_EQ(notes.lines, (std::vector<std::string>{"pipeline[0]: Tensor"}));
  EXPECT_EQ(script->last_thread(), notes.thread);
  EXPECT_NE(script->last_thread(), std::this_thread::get_id());
}

class Pinning : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Batches, Pinning, ::testing::Values(1u, 4u, 5u, 16u));

// A model's outputs are views of one block; a result may keep at most four times its own size alive.
TEST_P(Pinning, ResultsOfABatchPinAtMostFourTimesTheirSize) {
  const Runtime runtime = make_runtime(1);
  const Model model = make_fake_model(std::make_shared<FakeScript>(), runtime, 0, 16,
                                      Signature::parse("x:f32[batch,256]", "y:f32[batch,256]").value());
  const auto pipeline = compile(model.stage(), runtime).value();
  const std::vector<Tensor> inputs(GetParam(), Tensor::zeros(DType::kF32, {256}).value());
  for (auto& result : pipeline.run_batch(inputs)) {
    const Tensor output = std::move(result).value();
    EXPECT_LE(output.storage_bytes(), 4 * output.size_bytes());
    EXPECT_EQ(output.storage_bytes() > output.size_bytes(), GetParam() > 1 && GetParam() <= 4);
  }
}

TEST(PinningInside, ListsAndTuplesAreCompactedToo) {
  const auto slices = stage("slices", [](const Tensor& x) {
    std::vector<Tensor> list;
    for (std::int64_t i = 0; i < x.shape()[0]; ++i) list.push_back(x.select(0, i).value());
    return list;
  });
  const auto pipeline = compile(fork(slices, stage("size", [](const Tensor& x) { return x.numel(); })),
                                make_runtime(1, Execution::kCaller))
                            .value();
  const auto result = pipeline.run(Tensor::zeros(DType::kF32, {10, 64}).value()).value();
  for (const Tensor& slice : std::get<0>(result)) EXPECT_EQ(slice.storage_bytes(), slice.size_bytes());
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
