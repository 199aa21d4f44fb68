// SPDX-License-Identifier: Apache-2.0
// Pipeline: blocking calls, in both executions: order, deadlines, cancellation, nesting, threads.
#include <gtest/gtest.h>
#include <gantry/pipeline.hpp>

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <chrono>
#include <cstring>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/gate.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::FakeScript;
using test::HasCode;
using test::IsOk;
using test::make_fake_model;
using test::make_runtime;
using test::row;
using test::values_of;

Stage<int, int> add(int n) {
  return stage("add", [n](int x) { return x + n; });
}

class PipelineTest : public ::testing::TestWithParam<Execution> {
 protected:
  template <class In, class Out>
  Pipeline<In, Out> make(const Stage<In, Out>& chain) const {
    return compile(chain, runtime_).value();
  }
  Runtime runtime_ = make_runtime(2, GetParam());
};

INSTANTIATE_TEST_SUITE_P(Executions, PipelineTest, ::testing::Values(Execution::kPooled, Execution::kCaller),
                         [](const auto& execution) {
                           return execution.param == Execution::kPooled ? "Pooled" : "Caller";
                         });

TEST_P(PipelineTest, RunsOnTheThreadThatTheExecutionSays) {
  const auto pipeline = make(stage("who", [](int) { return std::this_thread::get_id(); }));
  EXPECT_EQ(pipeline.run(0, within(std::chrono::hours(1))).value() == std::this_thread::get_id(),
            GetParam() == Execution::kCaller);
}

TEST_P(PipelineTest, RunBatchKeepsTheOrder) {
  const auto pipeline = make(add(1));
  std::vector<int> inputs(1000);
  for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = static_cast<int>(i);
  const auto results = pipeline.run_batch(inputs);
  ASSERT_EQ(results.size(), inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) EXPECT_EQ(results[i].value(), inputs[i] + 1);
}

TEST_P(PipelineTest, RunBatchOfNothingIsNothing) {
  EXPECT_TRUE(make(add(1)).run_batch({}).empty());
}

TEST_P(PipelineTest, ABatchIsOneRequestInFlight) {
  const Runtime narrow = make_runtime(1, GetParam(), 1);
  const auto pipeline = compile(add(1), narrow).value();
  const std::vector<int> inputs(100, 1);
  for (const auto& result : pipeline.run_batch(inputs)) EXPECT_THAT(result, IsOk());
}

TEST_P(PipelineTest, DoesNotStartWhatIsLateAlready) {
  const auto calls = std::make_shared<std::atomic<int>>(0);
  const auto pipeline = make(tap<int>("count", [calls](const int&) { ++*calls; }));
  const RunOptions late(within(std::chrono::milliseconds(-1)));
  EXPECT_THAT(pipeline.run(1, late), FailsWith(ErrorCode::kDeadlineExceeded, "the deadline has passed"));
  const std::vector<int> inputs = {1, 2};
  for (const auto& result : pipeline.run_batch(inputs, late))
    EXPECT_THAT(result, HasCode(ErrorCode::kDeadlineExceeded));
  EXPECT_THAT(pipeline.submit(1, late).get(), HasCode(ErrorCode::kDeadlineExceeded));
  EXPECT_EQ(calls->load(), 0);
}

TEST_P(PipelineTest, AResultThatComesTooLateIsNone) {
  const auto pipeline = make(stage("dawdle", [](Deadline deadline) {
    while (std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return 1;
  }));
  const Deadline soon = within(std::chrono::milliseconds(5));
  EXPECT_THAT(pipeline.run(soon, soon), HasCode(ErrorCode::kDeadlineExceeded));
  EXPECT_THAT(pipeline.submit(soon, soon).get(), HasCode(ErrorCode::kDeadlineExceeded));
}

TEST_P(PipelineTest, RoundsToNearestWhateverTheHostHasSet) {
  const auto pipeline = make(stage("third", [](double x) { return x / 3.0; }));
  const double expected = pipeline.run(1.0).value();
  std::fesetround(FE_UPWARD);
  const Runtime upward = make_runtime(1, GetParam());  // its workers come from this thread
  const double with_upward = compile(stage("third", [](double x) { return x / 3.0; }), upward).value().run(1.0).value();
  const double again = pipeline.run(1.0).value();
  const int mode = std::fegetround();
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(mode, FE_UPWARD) << "and leaves it as it was";
  EXPECT_EQ(with_upward, expected);
  EXPECT_EQ(again, expected);
}

TEST_P(PipelineTest, ChecksTheDeadlineBeforeEveryStage) {
  // The first stage lets the deadline pass; it finishes, and the second one is not entered.
  const auto pipeline = make(stage("dawdle",
                                   [](Deadline deadline) {
                                     while (std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
                                     return 1;
                                   }) |
                             add(1));
  const Deadline soon = within(std::chrono::milliseconds(200));
  // Not run(): a blocked caller gives up by itself when the deadline comes.
  EXPECT_EQ(pipeline.submit(soon, RunOptions(soon)).get().error().to_string(),
            "deadline_exceeded: stage 'add': the deadline passed before this stage");
  EXPECT_EQ(pipeline.stats()[1].samples, 0u);
}

TEST_P(PipelineTest, MeetsADeadlineThatIsFarAway) {
  EXPECT_EQ(make(add(1)).run(1, within(std::chrono::hours(1))).value(), 2);
}

TEST_P(PipelineTest, ChecksCancellationBeforeEveryStage) {
  CancelToken token = CancelToken::create();
  const auto pipeline = make(stage("cancel",
                                   [token](int x) {
                                     CancelToken mine = token;
                                     mine.cancel();
                                     return x;
                                   }) |
                             add(1));
  RunOptions options;
  options.cancel = token;
  EXPECT_EQ(pipeline.run(1, options).error().to_string(),
            "cancelled: stage 'add': the request was cancelled before this stage");
  EXPECT_EQ(pipeline.run(1).value(), 2);  // without the token nobody cares
}

TEST_P(PipelineTest, ChecksDeadlineAndCancellationInsideCompounds) {
  CancelToken token = CancelToken::create();
  const auto cancel = stage("cancel", [token](int x) {
    CancelToken mine = token;
    mine.cancel();
    return x;
  });
  RunOptions options;
  options.cancel = token;
  EXPECT_EQ(make(each(cancel | add(1))).run({1}, options).error().to_string(),
            "cancelled: each[0] > stage 'add': the request was cancelled before this stage");
}

TEST_P(PipelineTest, DeadlineAndCancellationReachTheModel) {
  const auto script = std::make_shared<FakeScript>();
  const Model model = make_fake_model(script, runtime_);
  RunOptions options(within(std::chrono::hours(1)));
  options.trace_parent = "00-1-2-01";
  ASSERT_THAT(make(model.stage()).run(row({1, 2}), options), IsOk());
  EXPECT_EQ(script->last_call().deadline, options.deadline);
  EXPECT_EQ(script->last_call().trace_parent, "00-1-2-01");
}

TEST_P(PipelineTest, RunsInPlaceInsideAStage) {
  // One worker: a nested call that waited for another worker would wait for ever.
  const Runtime narrow = make_runtime(1, GetParam());
  const auto inner = compile(stage("who", [](int) { return std::this_thread::get_id(); }), narrow).value();
  const auto outer = compile(stage("outer",
                                   [inner](int x) -> Result<bool> {
                                     const auto here = std::this_thread::get_id();
                                     const std::vector<int> two = {x, x};
                                     bool is_here = inner.run(x).value() == here;
                                     for (auto& result : inner.run_batch(two))
                                       is_here = is_here && result.value() == here;
                                     return is_here && inner.submit(x).get().value() == here;
                                   }),
                             narrow)
                         .value();
  EXPECT_TRUE(outer.run(1).value());
}

TEST_P(PipelineTest, IsCalledFromManyThreads) {
  const auto pipeline = make(add(1) |
                             stage("pair",
                                   [](int x) {
                                     return std::vector<int>{x, x + 1};
                                   }) |
                             stage("sum", [](std::vector<int> v) { return v[0] + v[1]; }));
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(pipeline.run(t * 1000 + i).value(), 2 * (t * 1000 + i + 1) + 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(runtime_.in_flight(), 0u);
}

TEST_P(PipelineTest, CopiesShareOnePlan) {
  const auto pipeline = make(add(1));
  const auto copy = pipeline;  // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_EQ(copy.run(1).value(), 2);
  EXPECT_EQ(pipeline.stats()[0].samples, 1u);
}

TEST_P(PipelineTest, MixesModelsAndStagesInEveryCompound) {
  const auto script = std::make_shared<FakeScript>();
  const Model model = make_fake_model(script, runtime_);
  const Predicate<Tensor> is_positive("is_positive", [](const Tensor& x) { return values_of(x)[0] > 0; });
  const auto plus_one = stage("plus_one", [](const Tensor& x) {
    auto values = values_of(x);
    for (float& value : values) value += 1;
    return row(values);
  });
  const auto chain = fork(model.stage() | plus_one, when(is_positive, plus_one | model.stage(), plus_one)) |
                     stage("join",
                           [](const std::tuple<Tensor, Tensor>& both) {
                             return std::vector<Tensor>{std::get<0>(both), std::get<1>(both)};
                           }) |
                     each(model.stage()) | stage("firsts", [](const std::vector<Tensor>& list) {
                       return std::make_pair(values_of(list[0])[0], values_of(list[1])[0]);
                     });
  const auto pipeline = make(chain);
  const std::vector<Tensor> inputs = {row({1, 0}), row({-1, 0}), row({1, 2, 3}), row({5, 0})};
  const auto results = pipeline.run_batch(inputs);
  EXPECT_EQ(results[0].value(), std::make_pair(6.0f, 8.0f));
  EXPECT_EQ(results[1].value(), std::make_pair(-2.0f, 0.0f));
  EXPECT_THAT(results[2], FailsWith(ErrorCode::kInvalidArgument, "fork[0] > stage 'model': expected x: f32[2]"));
  EXPECT_EQ(results[3].value(), std::make_pair(22.0f, 24.0f));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(pipeline.run(row({1, 0})).value(), std::make_pair(6.0f, 8.0f));
}

TEST(Compile, UsesTheSharedRuntimeIfNoneIsGiven) {
  const auto pipeline = compile(add(1)).value();
  EXPECT_EQ(pipeline.run(1).value(), 2);
  const Runtime shared = Runtime::shared().value();
  EXPECT_NE(pipeline.explain().find(shared.budget_explanation()), std::string::npos);
}

/// Runs `input`, whose memory is `buffer`, until the deadline, takes the memory away, and gives what a stage then
/// reads.
template <class In, class Read>
float read_after_the_deadline(In input, std::vector<float>& buffer, Read read) {
  test::Gate gate;
  gate.close();
  std::promise<float> seen;
  auto reader = seen.get_future();
  const auto pipeline = compile(stage("read",
                                      [&](const In& in) {
                                        gate.pass();
                                        seen.set_value(read(in));
                                        return 1;
                                      }),
                                test::make_runtime(1))
                            .value();
  auto result = pipeline.run(std::move(input), within(std::chrono::milliseconds(30)));
  EXPECT_THAT(result, test::HasCode(ErrorCode::kDeadlineExceeded));
  std::fill(buffer.begin(), buffer.end(), -1.0f);
  gate.open();
  return reader.get();
}

TEST(PipelineDeadline, WhatNobodyOwnsIsCopiedForTheWorkerThatIsStillAtIt) {
  std::vector<float> buffer(1000, 3.0f);
  const auto wrapped = [&] { return Tensor::wrap(buffer.data(), DType::kF32, {1000}, nullptr).value(); };
  const auto first = [](const Tensor& tensor) { return tensor.values<float>().value()[0]; };
  EXPECT_EQ(read_after_the_deadline(wrapped(), buffer, first), 3);
  buffer.assign(1000, 4.0f);
  EXPECT_EQ(read_after_the_deadline(std::make_tuple(1, Tensors{{"x", wrapped()}}), buffer,
                                    [&](const auto& in) { return first(std::get<1>(in)[0].tensor); }),
            4);
  buffer.assign(1000, 5.0f);
  EXPECT_EQ(read_after_the_deadline(std::vector<Bytes>{Bytes::wrap(buffer.data(), 4000, nullptr)}, buffer,
                                    [](const std::vector<Bytes>& in) {
                                      float value = 0;
                                      std::memcpy(&value, in[0].data(), sizeof value);
                                      return value;
                                    }),
            5);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
