// SPDX-License-Identifier: Apache-2.0
// A pipeline as a stage of another: on the same runtime, on one of its own, and in every kind of execution.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <gantry/observer.hpp>
#include <gantry/pipeline.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::FakeScript;
using test::Gate;
using test::IsOk;
using test::make_fake_model;
using test::make_runtime;
using test::make_runtime_of_workers;
using test::row;
using test::values_of;
using testing::HasSubstr;

/// The outer pipeline's runtime, and the inner one's.
struct Where {
  const char* name;
  Execution outer;
  Execution inner;
  bool is_shared;
};

class PipelineStage : public ::testing::TestWithParam<Where> {
 protected:
  template <class In, class Out>
  Pipeline<In, Out> make(const Stage<In, Out>& chain, const Runtime& runtime, const std::string& name) const {
    CompileOptions options(runtime);
    options.name = name;
    return compile(chain, options).value();
  }
  template <class In, class Out>
  Pipeline<In, Out> inner(const Stage<In, Out>& chain) const {
    return make(chain, inner_, "inner");
  }
  template <class In, class Out>
  Pipeline<In, Out> outer(const Stage<In, Out>& chain) const {
    return make(chain, outer_, "outer");
  }

  Runtime outer_ = make_runtime(1, GetParam().outer);
  Runtime inner_ = GetParam().is_shared ? outer_ : make_runtime(1, GetParam().inner);
};

INSTANTIATE_TEST_SUITE_P(Runtimes, PipelineStage,
                         ::testing::Values(Where{"Pooled", Execution::kPooled, Execution::kPooled, true},
                                           Where{"Caller", Execution::kCaller, Execution::kCaller, true},
                                           Where{"PooledInPooled", Execution::kPooled, Execution::kPooled, false},
                                           Where{"PooledInCaller", Execution::kCaller, Execution::kPooled, false},
                                           Where{"CallerInPooled", Execution::kPooled, Execution::kCaller, false}),
                         [](const auto& where) { return where.param.name; });

auto add(int by) {
  return stage("add", [by](int x) { return x + by; });
}
auto refuse_odd() {
  return stage("refuse", [](int x) -> Result<int> {
    if (x % 2 != 0) return Error(ErrorCode::kInvalidArgument, std::to_string(x) + " is odd");
    return x;
  });
}

TEST_P(PipelineStage, GivesWhatItsStagesGive) {
  const auto pipeline = outer(add(1) | inner(add(10) | add(100)).stage() | add(1000));
  EXPECT_EQ(pipeline.run(0).value(), 1111);
  EXPECT_EQ(pipeline.submit(1).get().value(), 1112);
  const auto many = pipeline.run_batch(std::vector<int>{2, 3});
  EXPECT_EQ(many[1].value(), 1114);
}

TEST_P(PipelineStage, WorksInsideEachForkAndWhen) {
  const auto plus_ten = inner(add(10)).stage();
  const auto list = stage("list", [](int x) { return std::vector<int>{x, x + 1}; });
  EXPECT_EQ(outer(list | each(plus_ten)).run(1).value(), (std::vector<int>{11, 12}));
  EXPECT_EQ(outer(fork(plus_ten, add(1))).run(1).value(), (std::tuple<int, int>{11, 2}));
  const Predicate<int> is_big("is_big", [](const int& x) { return x > 5; });
  const auto either = outer(when(is_big, plus_ten, add(1)));
  EXPECT_EQ(either.run(6).value(), 16);
  EXPECT_EQ(either.run(5).value(), 6);
  EXPECT_EQ(outer(inner(plus_ten | add(1)).stage()).run(0).value(), 11) << "three deep";
}

TEST_P(PipelineStage, NamesItselfInErrors) {
  const auto pipeline = outer(add(1) | inner(refuse_odd() | add(1)).stage());
  const auto results = pipeline.run_batch(std::vector<int>{0, 1, 2});
  EXPECT_EQ(results[0].error().to_string(),
            "invalid_argument: pipeline 'outer' > pipeline 'inner' > stage 'refuse': 1 is odd");
  EXPECT_EQ(results[1].value(), 3);
  EXPECT_FALSE(results[2].ok());
}

TEST_P(PipelineStage, CountsForItself) {
  const auto nested = inner(refuse_odd());
  const auto pipeline = outer(nested.stage());
  EXPECT_THAT(pipeline.run(2), IsOk());
  EXPECT_FALSE(pipeline.run(1).ok());
  EXPECT_EQ(nested.stats()[0].samples, 2u);
  EXPECT_EQ(nested.stats()[0].errors, 1u);
  EXPECT_EQ(pipeline.stats()[0].name, "inner");
  EXPECT_EQ(pipeline.stats()[0].errors, 1u);
  const RuntimeStats stats = inner_.stats();
  const auto place = std::find_if(stats.pipelines.begin(), stats.pipelines.end(),
                                  [](const PipelineStats& one) { return one.name == "inner"; });
  ASSERT_NE(place, stats.pipelines.end());
  EXPECT_EQ(place->requests, 2u);
  EXPECT_EQ(place->errors[static_cast<std::size_t>(ErrorCode::kInvalidArgument)], 1u);
}

TEST_P(PipelineStage, IsAdmittedOncePerRuntime) {
  EXPECT_THAT(outer(inner(add(1)).stage()).run(1), IsOk());
  EXPECT_EQ(outer_.stats().requests, 1u);
  EXPECT_EQ(inner_.stats().requests, 1u);
  EXPECT_EQ(outer_.stats().in_flight, 0u);
  EXPECT_EQ(inner_.stats().in_flight, 0u);
}

TEST_P(PipelineStage, CarriesTheCallThrough) {
  const auto script = std::make_shared<FakeScript>();
  const Model model = make_fake_model(script, inner_);
  RunOptions options(within(std::chrono::hours(1)));
  options.tenant = "acme";
  options.trace_parent = "a trace";
  const auto look = tap<Tensor>("look", [options](const Tensor&, const CallContext& call) {
    EXPECT_EQ(call.deadline(), options.deadline);
    EXPECT_EQ(call.options().tenant, "acme");
    EXPECT_EQ(call.frame()->width, 7);
  });
  const auto begin = stage("begin", [](Tensor x, const CallContext& call) {
    call.set_frame(Frame::of(7, 7));
    return x;
  });
  const auto end = stage("end", [](const Tensor& x, const CallContext& call) {
    EXPECT_EQ(call.frame()->width, 7);
    return values_of(x);
  });
  const auto pipeline = outer(begin | inner(look | model.stage()).stage() | end);
  EXPECT_EQ(pipeline.run(row({1, 2}), options).value(), (std::vector<float>{2, 4}));
  EXPECT_EQ(script->last_call().deadline, options.deadline);
  EXPECT_EQ(script->last_call().trace_parent, "a trace");
}

TEST_P(PipelineStage, IsNotBegunAfterTheDeadline) {
  CancelToken token = CancelToken::create();
  const auto cancel = stage("cancel", [token](int x) {
    CancelToken mine = token;
    mine.cancel();
    return x;
  });
  RunOptions options;
  options.cancel = token;
  EXPECT_THAT(outer(inner(cancel | add(1)).stage()).run(1, options), FailsWith(ErrorCode::kCancelled, "stage 'add'"));
}

TEST_P(PipelineStage, IsShownInThePlan) {
  const Model model = make_fake_model(std::make_shared<FakeScript>(), inner_);
  const std::string plan = outer(inner(stage("prepare", [](Tensor x) { return x; }) | model.stage()).stage()).explain();
  EXPECT_THAT(plan, HasSubstr("pipeline[0]  inner (pipeline)"));
  EXPECT_THAT(plan, HasSubstr("\n    pipeline[0].stages[0]  prepare (callable)"));
  EXPECT_THAT(plan, HasSubstr("\n    pipeline[0].stages[1]  model("));
  const auto own = HasSubstr("on a runtime of its own: ");
  if (GetParam().is_shared)
    EXPECT_THAT(plan, Not(own));
  else
    EXPECT_THAT(plan, own);
}

TEST_P(PipelineStage, OutlivesEveryHandleOfItsOwn) {
  std::optional<Pipeline<Tensor, Tensor>> pipeline;
  {
    const Model model = make_fake_model(std::make_shared<FakeScript>(), inner_);
    pipeline = outer(inner(model.stage()).stage());
    inner_ = outer_;
  }
  EXPECT_EQ(values_of(pipeline->run(row({1, 2})).value()), (std::vector<float>{2, 4}));
}

/// While the inner pipeline's model computes, the only worker is there for others.
TEST(PipelineStageThreads, AreNotHeldWhileTheModelComputes) {
  for (const bool is_shared : {true, false}) {
    const Runtime runtime = make_runtime_of_workers(1);
    const Runtime elsewhere = make_runtime_of_workers(1);
    const auto script = std::make_shared<FakeScript>();
    const Model model = make_fake_model(script, elsewhere);
    const auto nested = compile(model.stage(), is_shared ? runtime : elsewhere).value();
    const auto pipeline = compile(nested.stage(), runtime).value();
    script->gate.close();
    auto waiting = pipeline.submit(row({1, 2}));
    script->gate.wait_for_arrivals(1);
    EXPECT_EQ(compile(add(1), runtime).value().run(1).value(), 2);
    script->gate.open();
    EXPECT_EQ(values_of(waiting.get().value()), (std::vector<float>{2, 4}));
  }
}

TEST(PipelineStageThreads, GoOnWhereTheOuterPipelineRuns) {
  const Runtime runtime = make_runtime_of_workers(1);
  const Runtime elsewhere = make_runtime_of_workers(1);
  const auto thread = stage("thread", [](int) { return std::this_thread::get_id(); });
  const auto inner = compile(add(1), elsewhere).value();
  const auto pipeline = compile(fork(thread, inner.stage() | thread), runtime).value();
  const auto [before, after] = pipeline.run(1).value();
  EXPECT_EQ(before, after);
}

TEST(PipelineStageAdmission, IsTheInnerRuntimesWhereThatIsAnother) {
  const Runtime runtime = make_runtime_of_workers(1);
  const Runtime full = make_runtime(1, Execution::kPooled, 1);
  const auto script = std::make_shared<FakeScript>();
  const auto nested = compile(make_fake_model(script, full).stage(), full).value();
  const auto pipeline = compile(nested.stage(), runtime).value();
  script->gate.close();
  auto first = pipeline.submit(row({1, 2}));
  script->gate.wait_for_arrivals(1);
  const auto refused = pipeline.run(row({1, 2}));
  EXPECT_THAT(refused, FailsWith(ErrorCode::kResourceExhausted, "the limit is max_in_flight = 1"));
  EXPECT_EQ(refused.error().reason(), ErrorReason::kQueueFull);
  script->gate.open();
  EXPECT_THAT(first.get(), IsOk());
}

/// Both orders: whatever is answered, every request is.
TEST(PipelineStageShutdown, AnswersWhatIsUnderWay) {
  for (const bool inner_first : {true, false}) {
    std::optional<Runtime> runtime = make_runtime_of_workers(1);
    std::optional<Runtime> elsewhere = make_runtime_of_workers(1);
    const auto script = std::make_shared<FakeScript>();
    std::vector<std::future<Result<Tensor>>> answers;
    {
      const auto nested = compile(make_fake_model(script, *elsewhere, 1, 1).stage(), *elsewhere).value();
      const auto pipeline = compile(nested.stage(), *runtime).value();
      script->gate.close();
      for (int i = 0; i < 4; ++i) answers.push_back(pipeline.submit(row({1, 2})));
      script->gate.wait_for_arrivals(1);
    }
    std::thread ending([&] {
      (inner_first ? elsewhere : runtime).reset();
      (inner_first ? runtime : elsewhere).reset();
    });
    script->gate.open();
    ending.join();
    for (auto& answer : answers) {
      const auto result = answer.get();
      EXPECT_TRUE(result.ok() || result.error().code() == ErrorCode::kUnavailable);
    }
  }
}

TEST(PipelineStageLevels, AreLimited) {
  const Runtime runtime = make_runtime(1);
  const auto add = stage("add", [](int x) { return x + 1; });
  auto pipeline = compile(add, runtime).value();
  for (int level = 1; level <= 64; ++level) pipeline = compile(pipeline.stage() | add, runtime).value();
  EXPECT_EQ(pipeline.run(0).value(), 65);
  const auto refused = FailsWith(ErrorCode::kInvalidArgument, "over more than 64 levels");
  EXPECT_THAT(compile(pipeline.stage(), runtime), refused);
  EXPECT_THAT(compile(add | pipeline.stage(), runtime), refused);
}

TEST(PipelineStageLevels, CountWhateverStagesLieIn) {
  const Runtime runtime = make_runtime(1);
  const auto add = stage("add", [](int x) { return x + 1; });
  const Predicate<int> always("always", [](const int&) { return true; });
  auto chain = when(always, add, add);
  for (int level = 2; level <= 64; ++level) chain = when(always, chain, add);
  EXPECT_EQ(compile(chain, runtime).value().run(0).value(), 1);
  const auto refused = FailsWith(ErrorCode::kInvalidArgument, "over more than 64 levels");
  EXPECT_THAT(compile(when(always, chain, add), runtime), refused);
  EXPECT_THAT(compile(when(always, compile(chain, runtime).value().stage(), add), runtime), refused);
}

/// What a request is part of.
class Family final : public Observer {
 public:
  bool wants_requests = true;
  std::shared_ptr<void> on_request(const RequestStart& request) override {
    const std::lock_guard lock(mutex_);
    begun_.push_back(std::string(request.pipeline) +
                     (request.outer ? " in " + *static_cast<const std::string*>(request.outer.get()) : ""));
    return wants_requests ? std::make_shared<std::string>(request.pipeline) : nullptr;
  }
  void on_span(const EndedSpan& span) override {
    const std::lock_guard lock(mutex_);
    if (span.kind == SpanKind::kRequest)
      ended_.push_back(*static_cast<const std::string*>(span.requests[0].get()) + (span.failed ? " failed" : ""));
  }
  std::vector<std::string> begun() const { return begun_; }
  std::vector<std::string> ended() const { return ended_; }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> begun_;
  std::vector<std::string> ended_;
};

/// As a stage, and run by a callable.
TEST(PipelineStageObserver, IsToldOfWhatItIsPartOf) {
  for (const bool is_stage : {true, false}) {
    const auto family = std::make_shared<Family>();
    RuntimeOptions options;
    options.workers = 1;
    options.observer = family;
    options.allow_oversubscription = true;
    const Runtime runtime = Runtime::create(options).value();
    CompileOptions named(runtime);
    named.name = "inner";
    const auto inner = compile(refuse_odd(), named).value();
    named.name = "outer";
    const auto caller = stage("call", [inner](int x, const CallContext& call) { return inner.run(x, call); });
    const auto outer = compile(is_stage ? inner.stage() : caller, named).value();
    EXPECT_THAT(outer.run(2), IsOk());
    EXPECT_FALSE(outer.run(1).ok());
    EXPECT_THAT(family->begun(), testing::ElementsAre("outer", "inner in outer", "outer", "inner in outer"));
    EXPECT_THAT(family->ended(), testing::ElementsAre("inner", "outer", "inner failed", "outer failed"));
    family->wants_requests = false;
    EXPECT_THAT(outer.run(2), IsOk());
    EXPECT_EQ(family->begun().size(), 5u) << "the inner one is part of a request that nothing is told of";
  }
}

/// Two runtimes of one worker each, with pipelines that go from one to the other by Pipeline::run() in a callable.
struct Circle {
  explicit Circle(Execution second_execution = Execution::kPooled, std::size_t most = 1024) {
    RuntimeOptions options;
    options.workers = 1;
    options.max_in_flight = most;
    first = Runtime::create(options).value();
    options.execution = second_execution;
    second = Runtime::create(options).value();
  }
  Pipeline<int, int> plus_one(const Runtime& on) const {
    return compile(stage("plus one", [](int x) { return x + 1; }), on).value();
  }
  static Pipeline<int, int> through(const Pipeline<int, int>& inner, const Runtime& on) {
    const auto calls = [inner](int x, const CallContext& call) { return inner.run(x, call); };
    return compile(stage("through", calls), on).value();
  }
  std::optional<Runtime> first, second;
};

TEST(RuntimesInACircle, AreNoDeadlock) {
  for (const Execution second : {Execution::kPooled, Execution::kCaller}) {
    const Circle circle(second);
    const auto there = Circle::through(circle.plus_one(*circle.first), *circle.second);
    EXPECT_EQ(Circle::through(there, *circle.first).run(1).value(), 2);
    const auto staged =
        compile(circle.plus_one(*circle.first).stage() | stage("id", [](int x) { return x; }), *circle.second);
    EXPECT_EQ(compile(staged.value().stage(), *circle.first).value().run(1).value(), 2);
  }
}

TEST(RuntimesInACircle, AreAdmittedOnce) {
  for (const Execution second : {Execution::kPooled, Execution::kCaller}) {
    const Circle circle(second, 1);
    const auto there = Circle::through(circle.plus_one(*circle.first), *circle.second);
    EXPECT_EQ(Circle::through(there, *circle.first).run(1).value(), 2);
    EXPECT_EQ(compile(there.stage(), *circle.first).value().run(1).value(), 2);
    EXPECT_EQ(circle.first->stats().in_flight, 0u);
    EXPECT_EQ(circle.first->stats().requests, 2u);
  }
}

TEST(RuntimesInACircle, RequestsInOppositeDirectionsAreNoDeadlock) {
  const Circle circle;
  const auto there = Circle::through(circle.plus_one(*circle.second), *circle.first);
  const auto back = Circle::through(circle.plus_one(*circle.first), *circle.second);
  std::vector<std::thread> callers;
  std::atomic<int> right{0};
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 200; ++i) right += *(caller % 2 == 0 ? there : back).run(i) == i + 1;
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(right, 800);
}

TEST(RuntimesInACircle, ModelsOfTheOtherRuntimeAreNoDeadlock) {
  const Circle circle;
  const auto script = std::make_shared<FakeScript>();
  const Model first = make_fake_model(script, *circle.first, 4), second = make_fake_model(script, *circle.second, 4);
  const auto through = [](const Model& model, const Runtime& on) {
    const auto calls = [model](const Tensor& x, const CallContext& call) -> Result<Tensor> {
      auto outputs = model.run({{"x", x.reshape({1, 2}).value()}}, call);
      if (!outputs) return outputs.error();
      return (*outputs)[0].tensor;
    };
    return compile(stage("through", calls), on).value();
  };
  const auto there = through(second, *circle.first), back = through(first, *circle.second);
  std::vector<std::thread> callers;
  std::atomic<int> right{0};
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 100; ++i) right += (caller % 2 == 0 ? there : back).run(row({1, 2})).ok();
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(right, 400);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
