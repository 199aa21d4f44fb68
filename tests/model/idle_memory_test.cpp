// SPDX-License-Identifier: Apache-2.0
// When a runtime tells an engine to give back what it keeps for its next run, and that it sleeps after that.
//
// A shutdown asks for the rest, with 0, if a timer is set: a list of releases without a 0 says that none was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using namespace std::chrono_literals;
using test::FakeScript;
using test::IsOk;
using test::make_runtime;
using testing::ElementsAre;
using testing::IsEmpty;

std::shared_ptr<FakeScript> retaining_script() {
  auto script = std::make_shared<FakeScript>();
  script->retains_memory = true;
  return script;
}

Model make_model(const std::shared_ptr<FakeScript>& script, const Runtime& runtime,
                 std::chrono::milliseconds release_memory_after) {
  ModelOptions options;
  options.runtime = runtime;
  options.warmup_runs = 0;
  options.name = "fake";
  options.release_memory_after = release_memory_after;
  return Model::make(std::make_unique<test::FakeEngine>(script), test::row_signature(), options).value();
}

Tensors inputs() {
  return {{"x", Tensor::zeros(DType::kF32, {1, 2}).value()}};
}

std::future<Result<Tensors>> run_in_background(const Model& model) {
  return std::async(std::launch::async, [model] { return model.run(inputs()); });
}

TEST(IdleMemory, IsReleasedOnceAndTheRuntimeSleeps) {
  const auto script = retaining_script();
  Runtime runtime = make_runtime(1);
  const Model model = make_model(script, runtime, 1ms);
  ASSERT_THAT(model.run(inputs()), IsOk());
  script->release_gate.wait_for_arrivals(1);
  EXPECT_EQ(script->retained(), 0u);
  ASSERT_THAT(runtime.shutdown(), IsOk());
  EXPECT_THAT(script->releases(), ElementsAre(1ms));
}

TEST(IdleMemory, IsReleasedAgainAfterAnotherRun) {
  const auto script = retaining_script();
  const Runtime runtime = make_runtime(1);
  const Model model = make_model(script, runtime, 1ms);
  for (std::size_t i = 1; i <= 3; ++i) {
    ASSERT_THAT(model.run(inputs()), IsOk());
    script->release_gate.wait_for_arrivals(i);
  }
  EXPECT_EQ(script->retained(), 0u);
}

TEST(IdleMemory, IsCheckedAgainIfTheModelWasUsedMeanwhile) {
  const auto script = retaining_script();
  Runtime runtime = make_runtime(2);
  const Model model = make_model(script, runtime, 1ms);
  script->release_gate.close();
  ASSERT_THAT(model.run(inputs()), IsOk());
  script->release_gate.wait_for_arrivals(1);
  ASSERT_THAT(model.run(inputs()), IsOk());  // ends while the timer still counts as set
  EXPECT_EQ(script->retained(), 100u);
  script->release_gate.open();
  script->release_gate.wait_for_arrivals(2);
  EXPECT_EQ(script->retained(), 0u);
  ASSERT_THAT(runtime.shutdown(), IsOk());
  EXPECT_THAT(script->releases(), ElementsAre(1ms, 1ms));
}

TEST(IdleMemory, OfARunThatOutlastsTheTimerIsReleasedAfterIt) {
  const auto script = retaining_script();
  const Runtime runtime = make_runtime(2);
  const Model model = make_model(script, runtime, 1ms);
  ASSERT_THAT(model.run(inputs()), IsOk());
  script->gate.close();
  auto long_run = run_in_background(model);
  script->gate.wait_for_arrivals(2);
  script->release_gate.wait_for_arrivals(1);
  script->gate.open();
  EXPECT_THAT(long_run.get(), IsOk());
  script->release_gate.wait_for_arrivals(2);
  EXPECT_EQ(script->retained(), 0u);
}

TEST(IdleMemory, IsReleasedWhileAnotherModelOfTheRuntimeIsBusy) {
  const Runtime runtime = make_runtime(2);
  const auto busy_script = retaining_script();
  const Model busy = make_model(busy_script, runtime, 1ms);
  busy_script->gate.close();
  auto long_run = run_in_background(busy);
  busy_script->gate.wait_for_arrivals(1);
  const auto script = retaining_script();
  const Model model = make_model(script, runtime, 1ms);
  ASSERT_THAT(model.run(inputs()), IsOk());
  script->release_gate.wait_for_arrivals(1);
  EXPECT_EQ(script->retained(), 0u);
  EXPECT_THAT(busy_script->releases(), IsEmpty());
  busy_script->gate.open();
  EXPECT_THAT(long_run.get(), IsOk());
}

TEST(IdleMemory, IsReleasedByAShutdownAndAfterIt) {
  const auto script = retaining_script();
  Runtime runtime = make_runtime(1);
  const Model model = make_model(script, runtime, 1h);
  ASSERT_THAT(model.run(inputs()), IsOk());
  EXPECT_EQ(script->retained(), 100u);
  script->gate.close();
  auto last = run_in_background(model);
  script->gate.wait_for_arrivals(2);
  script->release_gate.close();
  std::thread shutdown([&] { EXPECT_THAT(runtime.shutdown(), IsOk()); });
  script->release_gate.wait_for_arrivals(1);
  EXPECT_EQ(script->retained(), 0u);
  script->gate.open();
  EXPECT_THAT(last.get(), IsOk());  // it ends while the release goes on
  script->release_gate.open();
  shutdown.join();
  EXPECT_EQ(script->retained(), 0u);
  EXPECT_THAT(script->releases(), ElementsAre(0ms, 0ms));
}

TEST(IdleMemory, ATimerKeepsNoModelAndIsNoRequest) {
  const auto script = retaining_script();
  Runtime runtime = make_runtime(1);
  std::optional<Model> model = make_model(script, runtime, 1h);
  ASSERT_THAT(model->run(inputs()), IsOk());
  model.reset();
  while (script.use_count() > 1) std::this_thread::yield();  // the worker lets go of what it ran
  ASSERT_THAT(runtime.shutdown(), IsOk());
  EXPECT_THAT(script->releases(), IsEmpty());
  EXPECT_THAT(runtime.stats().rejects, testing::Each(0u));
}

TEST(IdleMemory, IsNotAskedForWhereNothingIsKeptOrNoWorkerCould) {
  for (const bool retains : {false, true})
    for (const auto execution : {Execution::kPooled, Execution::kCaller})
      for (const auto after : {0ms, 1ms}) {
        if (retains && execution == Execution::kPooled && after == 1ms) continue;
        const auto script = retaining_script();
        script->retains_memory = retains;
        Runtime runtime = make_runtime(1, execution);
        const Model model = make_model(script, runtime, after);
        ASSERT_THAT(model.run(inputs()), IsOk());
        ASSERT_THAT(runtime.shutdown(), IsOk());
        EXPECT_THAT(script->releases(), IsEmpty());
      }
}

TEST(IdleMemory, IsReleasedAfterADayAtMost) {
  const Runtime runtime = make_runtime(1);
  for (const std::chrono::milliseconds after : {std::chrono::milliseconds(-1), std::chrono::milliseconds(24h) + 1ms}) {
    ModelOptions options;
    options.runtime = runtime;
    options.release_memory_after = after;
    EXPECT_THAT(Model::make(std::make_unique<test::FakeEngine>(retaining_script()), test::row_signature(), options),
                test::FailsWith(ErrorCode::kInvalidArgument, "release_memory_after must be 0..1 day"));
  }
}

TEST(ModelMemory, IsPartOfTheStatsAndOfTheirPage) {
  const auto script = retaining_script();
  const Runtime runtime = make_runtime(1);
  const Model model = make_model(script, runtime, 1h);
  ASSERT_THAT(model.run(inputs()), IsOk());
  const RuntimeStats stats = runtime.stats();
  EXPECT_EQ(stats.models.at(0).memory.weights_bytes, 1000u);
  EXPECT_EQ(stats.models.at(0).memory.retained_bytes, 100u);
  const std::string page = to_prometheus(stats);
  for (const char* line :
       {"# TYPE gantry_model_memory_bytes gauge\n", "gantry_model_memory_bytes{model=\"fake\",kind=\"weights\"} 1000\n",
        "gantry_model_memory_bytes{model=\"fake\",kind=\"retained\"} 100\n",
        "gantry_model_memory_bytes{model=\"fake\",kind=\"in_use\"} 0\n"})
    EXPECT_THAT(page, testing::HasSubstr(line));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
