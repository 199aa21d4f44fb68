// SPDX-License-Identifier: Apache-2.0
// AnyPipeline: what Pipeline does, for payloads whose types are known only now.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <gantry/any_pipeline.hpp>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "pipeline/config_fixture.hpp"
#include "support/fake_engine.hpp"
#include "support/gate.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::HasCode;
using test::Int;
using test::IsOk;
using test::make_runtime;

CompileOptions on(const Runtime& runtime, std::string name = "") {
  CompileOptions options(runtime);
  options.name = std::move(name);
  return options;
}

AnyPipeline any(const std::string& json, const Runtime& runtime) {
  return compile_any(json, test::make_registry(), {}, on(runtime)).value();
}
AnyPipeline any(const std::string& json, const Registry& registry = test::make_registry()) {
  return compile_any(json, registry, {}, on(make_runtime(1))).value();
}

Result<Int> run(const AnyPipeline& pipeline, Int input) {
  auto result = pipeline.run(Payload::from(input));
  if (!result) return std::move(result).error();
  return (*std::move(result)).as<Int>();
}

/// Cannot be copied.
struct MoveOnly {
  std::unique_ptr<int> number;
};

/// fork(x + 1, text) | ... with its types left open.
const char* const kFork = R"([{"op": "fork", "branches": [[{"op": "test.add"}], [{"op": "test.text"}]]}])";
using Fork = std::tuple<Int, std::string>;

TEST(AnyPipeline, RunsPayloads) {
  const AnyPipeline pipeline = any(R"([{"op": "test.add", "n": 2}, {"op": "test.multiply", "n": 10}])");
  ASSERT_EQ(pipeline.inputs().size(), 1u);
  EXPECT_EQ(pipeline.inputs()[0].type.name(), "long");
  EXPECT_TRUE(pipeline.outputs()[0].type.is<Int>());
  EXPECT_EQ(run(pipeline, 3).value(), 50);
  EXPECT_EQ(pipeline.package().name, "");
  EXPECT_THAT(pipeline.explain(), testing::HasSubstr("test.multiply"));
  EXPECT_EQ(pipeline.stats().at(1).samples, 1u);
}

TEST(AnyPipeline, IsMadeFromATypedOne) {
  const auto typed = compile(test::add(1) | test::text(), make_runtime(1)).value();
  const AnyPipeline pipeline(typed);
  EXPECT_EQ(pipeline.run(Payload::from(Int{1})).value().as<std::string>().value(), "2");
  EXPECT_EQ(pipeline.codecs().name_of(PayloadType::of<Tensor>()), "tensors") << "those of Registry::builtin()";
  Registry registry;
  Codec<Int> codec;
  codec.name = "int";
  registry.add_codec(codec);
  EXPECT_EQ(AnyPipeline(typed, registry).codecs().name_of(PayloadType::of<Int>()), "int");
}

TEST(AnyPipeline, APortHasTheTensorsOfTheModelThatItLeadsTo) {
  const Runtime runtime = make_runtime(1);
  const Model model = test::make_fake_model(std::make_shared<test::FakeScript>(), runtime);
  ConfigContext context;
  context.models.emplace("fake", model);
  const auto ports_of = [&](const char* json) {
    auto pipeline = compile_any(json, Registry::builtin(), context, on(runtime)).value();
    const auto names = [](const Port& port) {
      std::string text;
      for (const TensorSpec& spec : port.tensors) text += spec.to_string() + ";";
      return text;
    };
    return std::pair(names(pipeline.inputs()[0]), names(pipeline.outputs()[0]));
  };
  using Ports = std::pair<std::string, std::string>;
  const std::string x = "x: f32[batch, 2];", y = "y: f32[batch, 2];";
  EXPECT_EQ(ports_of(R"([{"op": "model"}])"), Ports(x, y));
  EXPECT_EQ(ports_of(R"([{"op": "model"}, {"op": "softmax"}])"), Ports(x, ""));
  EXPECT_EQ(ports_of(R"([{"op": "softmax"}, {"op": "model"}])"), Ports("", y));
}

TEST(AnyPipeline, RefusesAPayloadOfAnotherType) {
  const AnyPipeline pipeline = any(R"([{"op": "test.add"}])");
  const auto refused = FailsWith(ErrorCode::kInvalidArgument, "this pipeline takes long, the payload is bool");
  EXPECT_THAT(pipeline.run(Payload::from(true)), refused);
  EXPECT_THAT(pipeline.run(Payload()), FailsWith(ErrorCode::kInvalidArgument, "the payload is nothing"));
  EXPECT_THAT(pipeline.run_until(Payload::from(true), "test.add"), refused);
  EXPECT_THAT(pipeline.submit(Payload::from(true)).get(), refused);
  EXPECT_EQ(pipeline.stats()[0].samples, 0u);
}

TEST(AnyPipeline, ABatchHasOneResultAnInput) {
  const AnyPipeline pipeline = any(R"([{"op": "test.refuse", "n": 5}])");
  std::vector<Payload> inputs;
  inputs.push_back(Payload::from(Int{1}));
  inputs.push_back(Payload::from(true));
  inputs.push_back(Payload::from(Int{5}));
  inputs.push_back(Payload::from(Int{2}));
  const auto results = pipeline.run_batch(std::move(inputs));
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ(*results[0].value().get_if<Int>(), 1);
  EXPECT_THAT(results[1], FailsWith(ErrorCode::kInvalidArgument, "takes long"));
  EXPECT_THAT(results[2], FailsWith(ErrorCode::kInvalidArgument, "5 is refused"));
  EXPECT_EQ(*results[3].value().get_if<Int>(), 2);
}

TEST(AnyPipeline, SubmitsWithAFutureOrACallback) {
  const AnyPipeline pipeline = any(R"([{"op": "test.add"}])");
  EXPECT_EQ(*pipeline.submit(Payload::from(Int{1})).get().value().get_if<Int>(), 2);
  std::promise<Int> answer;
  pipeline.submit(Payload::from(Int{2}), {},
                  [&](Result<Payload> result) { answer.set_value(*result.value().get_if<Int>()); });
  EXPECT_EQ(answer.get_future().get(), 3);
  int calls = 0;
  pipeline.submit(Payload(), {}, [&](Result<Payload> result) {
    ++calls;
    EXPECT_THAT(result, HasCode(ErrorCode::kInvalidArgument));
    throw 1;  // dropped
  });
  EXPECT_EQ(calls, 1);
}

/// The results of submit_batch(), once it has called back.
std::vector<Result<Payload>> submitted(const AnyPipeline& pipeline, std::vector<Payload> inputs,
                                       const RunOptions& options = {}) {
  std::promise<std::vector<Result<Payload>>> answer;
  pipeline.submit_batch(std::move(inputs), options,
                        [&](std::vector<Result<Payload>> results) { answer.set_value(std::move(results)); });
  return answer.get_future().get();
}
std::vector<Payload> numbers(std::initializer_list<Int> values) {
  std::vector<Payload> payloads;
  for (const Int value : values) payloads.push_back(Payload::from(value));
  return payloads;
}

TEST(AnyPipeline, ASubmittedBatchHasOneResultAnInput) {
  for (const Execution execution : {Execution::kPooled, Execution::kCaller}) {
    // One place in flight is enough for the whole batch.
    const AnyPipeline pipeline = any(R"([{"op": "test.refuse", "n": 5}])", make_runtime(1, execution, 1));
    auto inputs = numbers({1, 5, 2});
    inputs.push_back(Payload::from(true));
    const auto results = submitted(pipeline, std::move(inputs));
    ASSERT_EQ(results.size(), 4u);
    EXPECT_EQ(*results[0].value().get_if<Int>(), 1);
    EXPECT_THAT(results[1], FailsWith(ErrorCode::kInvalidArgument, "5 is refused"));
    EXPECT_EQ(*results[2].value().get_if<Int>(), 2);
    EXPECT_THAT(results[3], FailsWith(ErrorCode::kInvalidArgument, "takes long"));
    EXPECT_EQ(pipeline.stats()[0].samples, 3u);
    EXPECT_TRUE(submitted(pipeline, {}).empty());
  }
}

TEST(AnyPipeline, ASubmittedBatchIsRefusedAsAWhole) {
  Runtime runtime = make_runtime(1);
  const AnyPipeline pipeline = any(R"([{"op": "test.add"}])", runtime);
  RunOptions cancelled;
  cancelled.cancel = CancelToken::create();
  cancelled.cancel.cancel();
  for (const auto& result : submitted(pipeline, numbers({1, 2}), cancelled))
    EXPECT_THAT(result, HasCode(ErrorCode::kCancelled));
  EXPECT_EQ(runtime.stats().pipelines.at(0).errors[static_cast<std::size_t>(ErrorCode::kCancelled)], 2u);
  ASSERT_THAT(runtime.shutdown(), IsOk());
  for (const auto& result : submitted(pipeline, numbers({1, 2}))) EXPECT_THAT(result, HasCode(ErrorCode::kUnavailable));
}

TEST(AnyPipeline, ASubmittedBatchIsConvertedToTheTypesThatAreWanted) {
  const auto typed = any(kFork).as<Int, Fork>();
  ASSERT_THAT(typed, IsOk());
  const auto results = submitted(AnyPipeline(*typed), numbers({1, 2}));
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(*results[0].value().get_if<Fork>(), Fork(2, "1"));
  EXPECT_EQ(*results[1].value().get_if<Fork>(), Fork(3, "2"));
}

TEST(AnyPipeline, PassesOptionsOn) {
  const AnyPipeline pipeline = any(R"([{"op": "test.add"}])");
  RunOptions cancelled;
  cancelled.cancel = CancelToken::create();
  cancelled.cancel.cancel();
  EXPECT_THAT(pipeline.run(Payload::from(Int{1}), cancelled), HasCode(ErrorCode::kCancelled));
}

TEST(AnyPipeline, IsPartOfTheCallOfAStageThatRunsIt) {
  const Runtime runtime = make_runtime(1);
  std::vector<std::optional<Deadline>> seen;
  const auto look =
      stage("look", [&seen](const Int& x, const CallContext& call) { return seen.push_back(call.deadline()), x; });
  const AnyPipeline inner(compile(look, runtime).value());
  const auto outer = compile(stage("outer",
                                   [&inner](const Int& x, const CallContext& call) -> Result<Int> {
                                     auto result = inner.run(Payload::from(x), call);
                                     if (!result) return std::move(result).error();
                                     std::vector<Payload> inputs;
                                     inputs.push_back(*std::move(result));
                                     inputs.push_back(Payload::from(true));
                                     const auto results = inner.run_batch(std::move(inputs), call);
                                     EXPECT_THAT(results[1], HasCode(ErrorCode::kInvalidArgument));
                                     return results[0].value().as<Int>();
                                   }),
                             runtime)
                         .value();
  const Deadline deadline = within(std::chrono::hours(1));
  EXPECT_EQ(outer.run(7, deadline).value(), 7);
  EXPECT_EQ(seen, (std::vector<std::optional<Deadline>>(2, deadline)));
  EXPECT_EQ(runtime.stats().requests, 1u) << "admitted once";
}

TEST(RunUntil, GivesWhatCameOutOfAStage) {
  const AnyPipeline pipeline =
      any(R"([{"op": "test.add"}, {"op": "test.multiply", "n": 3}, {"op": "test.refuse", "n": 2}])");
  EXPECT_EQ(*pipeline.run_until(Payload::from(Int{3}), "pipeline[0]").value().get_if<Int>(), 4);
  EXPECT_EQ(*pipeline.run_until(Payload::from(Int{3}), "test.multiply").value().get_if<Int>(), 12);
  EXPECT_THAT(pipeline.run_until(Payload::from(Int{3}), "test.refuse"), FailsWith(ErrorCode::kInvalidArgument, "12"));
}

TEST(RunUntil, IsRefusedAfterAShutdown) {
  for (const Execution execution : {Execution::kPooled, Execution::kCaller}) {
    Runtime runtime = make_runtime(1, execution);
    const AnyPipeline pipeline(compile(test::add(1) | test::text(), runtime).value());
    EXPECT_EQ(*pipeline.run_until(Payload::from(Int{1}), "test.add").value().get_if<Int>(), 2);
    EXPECT_THAT(runtime.shutdown(), IsOk());
    EXPECT_THAT(pipeline.run_until(Payload::from(Int{1}), "test.add"),
                FailsWith(ErrorCode::kUnavailable, "the runtime was shut down"));
  }
}

/// Also that it is one of those in flight.
TEST(RunUntil, AShutdownWaitsForIt) {
  for (const Execution execution : {Execution::kPooled, Execution::kCaller}) {
    Runtime runtime = make_runtime(1, execution);
    test::Gate gate;
    gate.close();
    std::atomic<bool> is_done{false};
    const auto held = stage("held", [&](const Int& x) {
      gate.pass();
      is_done = true;
      return x;
    });
    const AnyPipeline pipeline(compile(held | test::text(), runtime).value());
    std::thread caller([&] { EXPECT_THAT(pipeline.run_until(Payload::from(Int{1}), "held"), IsOk()); });
    gate.wait_for_arrivals(1);
    EXPECT_EQ(runtime.stats().in_flight, 1u);
    std::thread stopper([&] {
      EXPECT_THAT(runtime.shutdown(), IsOk());
      EXPECT_TRUE(is_done.load());
    });
    while (runtime.health().reasons.empty()) std::this_thread::yield();  // it has begun
    gate.open();
    stopper.join();
    caller.join();
  }
}

TEST(RunUntil, RunsNothingBehindTheStage) {
  int runs = 0;
  const auto count = stage("count", [&runs](const Int& x) { return ++runs, x; });
  const AnyPipeline pipeline(compile(test::add(1) | count, make_runtime(1)).value());
  EXPECT_EQ(*pipeline.run_until(Payload::from(Int{1}), "test.add").value().get_if<Int>(), 2);
  EXPECT_EQ(runs, 0);
}

TEST(RunUntil, TakesWhatCannotBeCopied) {
  const auto make = stage("make", [](const Int& x) { return MoveOnly{std::make_unique<int>(static_cast<int>(x))}; });
  const auto read = stage("read", [](const MoveOnly& x) { return Int{*x.number}; });
  const AnyPipeline pipeline(compile(make | read, make_runtime(1)).value());
  EXPECT_EQ(*pipeline.run_until(Payload::from(Int{7}), "make").value().get_if<MoveOnly>()->number, 7);
}

TEST(RunUntil, GivesAListWithinEach) {
  const AnyPipeline pipeline =
      any(R"([{"op": "test.spread", "n": 3}, {"op": "each", "do": [{"op": "test.add"}, {"op": "test.text"}]}])");
  EXPECT_EQ(*pipeline.run_until(Payload::from(Int{1}), "pipeline[1].do[0]").value().get_if<std::vector<Int>>(),
            (std::vector<Int>{2, 3, 4}));
  EXPECT_EQ(pipeline.run_until(Payload::from(Int{1}), "test.text").value().type().name(),
            PayloadType::of<std::vector<std::string>>().name());
}

TEST(RunUntil, OneValuePassesABranch) {
  const AnyPipeline pipeline = any(
      R"([{"op": "fork", "branches": [[{"op": "test.add"}], [{"op": "when", "if": {"predicate": "test.is_even"},
           "then": [{"op": "test.multiply", "n": 3}], "else": []}]]}])");
  EXPECT_EQ(*pipeline.run_until(Payload::from(Int{4}), "pipeline[0].branches[0][0]").value().get_if<Int>(), 5);
  EXPECT_EQ(*pipeline.run_until(Payload::from(Int{4}), "test.multiply").value().get_if<Int>(), 12);
  EXPECT_THAT(pipeline.run_until(Payload::from(Int{3}), "test.multiply"),
              FailsWith(ErrorCode::kFailedPrecondition, "did not run for this input"));
}

TEST(RunUntil, AStageThatIsNotThereOrNotAloneIsNamed) {
  const AnyPipeline pipeline = any(R"([{"op": "test.add"}, {"op": "test.add", "n": 2}])");
  EXPECT_THAT(
      pipeline.run_until(Payload::from(Int{1}), "test.text"),
      FailsWith(ErrorCode::kInvalidArgument, "no stage 'test.text'; there are: pipeline[0] test.add, pipeline[1]"));
  EXPECT_THAT(pipeline.find_stage("test.add"), FailsWith(ErrorCode::kInvalidArgument, "several stages are called"));
  EXPECT_EQ(pipeline.find_stage("pipeline[1]").value(), "pipeline[1]");
}

TEST(AsTyped, GivesThePipelineUnderItsTypes) {
  const auto typed = any(R"([{"op": "test.add"}])").as<Int, Int>();
  ASSERT_THAT(typed, IsOk());
  EXPECT_EQ(typed->run(1).value(), 2);
}

TEST(AsTyped, RefusesOtherTypes) {
  const AnyPipeline pipeline = any(R"([{"op": "test.add"}])");
  EXPECT_THAT((pipeline.as<bool, Int>()), FailsWith(ErrorCode::kInvalidArgument, "the pipeline takes long, not bool"));
  EXPECT_THAT(
      (pipeline.as<Int, std::string>()),
      FailsWith(ErrorCode::kInvalidArgument, "the pipeline gives long, not " + PayloadType::of<std::string>().name()));
}

TEST(AsTyped, CollectsTuplesWhoseTypesAreOpen) {
  const AnyPipeline pipeline = any(kFork);
  EXPECT_EQ(pipeline.outputs()[0].type.name(), "tuple");
  const auto typed = pipeline.as<Int, Fork>();
  ASSERT_THAT(typed, IsOk());
  EXPECT_EQ(typed->run(1).value(), Fork(2, "1"));
  EXPECT_EQ(typed->submit(2).get().value(), Fork(3, "2"));
  const Int inputs[] = {3, 4};
  EXPECT_EQ(typed->run_batch(inputs)[1].value(), Fork(5, "4"));
  EXPECT_TRUE(AnyPipeline(*typed).outputs()[0].type.is<Fork>());
  EXPECT_EQ(AnyPipeline(*typed).run_until(Payload::from(Int{1}), "fork").value().as<Fork>().value(), Fork(2, "1"));
  EXPECT_THAT((pipeline.as<Int, std::tuple<Int, Int>>()), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT((pipeline.as<Int, std::tuple<Int>>()), HasCode(ErrorCode::kInvalidArgument));
}

TEST(AsTyped, CollectsTuplesWithinListsAndBranches) {
  const std::string fork = kFork;
  const auto each =
      any(R"([{"op": "test.spread", "n": 2}, {"op": "each", "do": )" + fork + "}]").as<Int, std::vector<Fork>>();
  ASSERT_THAT(each, IsOk());
  EXPECT_EQ(each->run(5).value(), (std::vector<Fork>{{6, "5"}, {7, "6"}}));
  const auto when =
      any(R"([{"op": "when", "if": {"predicate": "test.is_even"}, "then": )" + fork + R"(, "else": )" + fork + "}]")
          .as<Int, Fork>();
  ASSERT_THAT(when, IsOk());
  EXPECT_EQ(when->run(1).value(), Fork(2, "1"));
  const auto nested =
      any(R"([{"op": "fork", "branches": [)" + fork + R"(, [{"op": "test.add"}]]}])").as<Int, std::tuple<Fork, Int>>();
  ASSERT_THAT(nested, IsOk());
  EXPECT_EQ(std::get<0>(nested->run(1).value()), Fork(2, "1"));
}

TEST(CompileAny, ReportsWhatIsWrong) {
  EXPECT_THAT(compile_any("[{\"op\": \"absent\"}]", test::make_registry()),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].op: unknown op 'absent'"));
  EXPECT_THAT(compile_any("[", test::make_registry()), HasCode(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
