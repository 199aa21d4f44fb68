// SPDX-License-Identifier: Apache-2.0
// What stages see of their call, and how they pass it on.
#include <gtest/gtest.h>
#include <gantry/call_context.hpp>

#include <atomic>
#include <gantry/pipeline.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/matchers.hpp"
#include "support/test_call.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::FakeScript;
using test::IsOk;
using test::make_fake_model;
using test::make_runtime;
using test::row;
using test::TestCall;
using test::values_of;

RunOptions full_options() {
  RunOptions options(within(std::chrono::hours(1)));
  options.cancel = CancelToken::create();
  options.priority = 7;
  options.tenant = "acme";
  options.trace_parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  return options;
}

class CallContextTest : public ::testing::TestWithParam<Execution> {
 protected:
  template <class In, class Out>
  Pipeline<In, Out> make(const Stage<In, Out>& chain) const {
    return compile(chain, runtime_).value();
  }
  Runtime runtime_ = make_runtime(1, GetParam());
};

INSTANTIATE_TEST_SUITE_P(Executions, CallContextTest, ::testing::Values(Execution::kPooled, Execution::kCaller),
                         [](const auto& execution) {
                           return execution.param == Execution::kPooled ? "Pooled" : "Caller";
                         });

TEST_P(CallContextTest, ShowsWhatTheCallerSet) {
  const RunOptions options = full_options();
  const auto look = stage("look", [](int, const CallContext& call) { return call.options(); });
  const RunOptions seen = make(look).run(1, options).value();
  EXPECT_EQ(seen.deadline, options.deadline);
  EXPECT_EQ(seen.priority, 7);
  EXPECT_EQ(seen.tenant, "acme");
  EXPECT_EQ(seen.trace_parent, options.trace_parent);
  RunOptions cancelling = options;
  cancelling.cancel.cancel();
  EXPECT_TRUE(seen.cancel.is_cancelled());
}

TEST_P(CallContextTest, TellsWhenTheCallIsOver) {
  RunOptions options = full_options();
  const auto wait = stage("wait", [options](int x, const CallContext& call) -> Result<int> {
    if (call.interruption()) return Error(ErrorCode::kInternal, "too early");
    CancelToken token = options.cancel;
    token.cancel();
    if (auto ended = call.interruption()) return *ended;
    return x;
  });
  EXPECT_THAT(make(wait).run(1, options), FailsWith(ErrorCode::kCancelled, "the request was cancelled"));
}

TEST_P(CallContextTest, ComesToTapsOpsAndFunctionsToo) {
  const auto traces = std::make_shared<std::vector<std::string>>();
  const auto chain =
      tap<int>("look", [traces](const int&, const CallContext& call) { traces->push_back(call.trace_parent()); }) |
      detail::make_op<int, int>("op", 5, "", {},
                                [traces](const int& by, int x, const CallContext& call) {
                                  traces->push_back(call.trace_parent());
                                  return x + by;
                                }) |
      stage(
          "function", +[](int x, const CallContext& call) { return call.trace_parent().empty() ? -1 : x; });
  RunOptions options;
  options.trace_parent = "a trace";
  EXPECT_EQ(make(chain).run(1, options).value(), 6);
  EXPECT_EQ(*traces, (std::vector<std::string>{"a trace", "a trace"}));
}

TEST_P(CallContextTest, TurnsWhatACallableThrowsIntoErrors) {
  const auto thrower = stage("throw", [](int, const CallContext& call) -> int {
    call.parallel(3, [](std::size_t i) {
      if (i == 1) throw std::runtime_error("in part 1");
    });
    return 0;
  });
  EXPECT_THAT(make(thrower).run(1), FailsWith(ErrorCode::kInternal, "in part 1"));
}

TEST_P(CallContextTest, RunsEachPartOnce) {
  const auto count = stage("count", [](int parts, const CallContext& call) {
    std::vector<std::atomic<int>> runs(static_cast<std::size_t>(parts));
    call.parallel(runs.size(), [&](std::size_t i) { ++runs[i]; });
    int once = 0;
    for (const auto& run : runs) once += run == 1;
    return once * call.threads();
  });
  EXPECT_EQ(make(count).run(100).value(), 100);
  EXPECT_EQ(make(count).run(0).value(), 0);
}

TEST_P(CallContextTest, LaysTheTensorsOfABatchIntoOneBlock) {
  const auto script = std::make_shared<FakeScript>();
  const Model model = make_fake_model(script, runtime_);
  const auto make_row = stage("row", [](float x, const CallContext& call) -> Result<Tensor> {
    auto tensor = call.make_tensor(DType::kF32, {2});
    if (!tensor) return tensor;
    if (x < 0) return Error(ErrorCode::kInvalidArgument, "negative");
    for (float& value : tensor->mutable_values<float>().value()) value = x;
    return tensor;
  });
  const auto rows = compile(make_row, runtime_).value().run_batch(std::vector<float>{1, 2, -1, 3});
  EXPECT_TRUE(rows[0].value().shares_storage_with(rows[1].value()));
  EXPECT_THAT(rows[2], FailsWith(ErrorCode::kInvalidArgument, "negative"));
  const auto* first = static_cast<const float*>(rows[0].value().data());
  EXPECT_EQ(rows[3].value().data(), first + 4) << "the place of the one that failed is given out again";
  const auto answers = compile(make_row | model.stage(), runtime_).value().run_batch(std::vector<float>{1, 2, 3});
  EXPECT_EQ(values_of(answers[2].value()), (std::vector<float>{6, 6}));
}

TEST_P(CallContextTest, PassesTheCallOnToAModel) {
  const auto script = std::make_shared<FakeScript>();
  const Model model = make_fake_model(script, runtime_);
  const auto ask = stage("ask", [model](const Tensors& inputs, const CallContext& call) -> Result<Tensor> {
    auto outputs = model.run(inputs, call);
    if (!outputs) return outputs.error();
    return (*outputs)[0].tensor;
  });
  const RunOptions options = full_options();
  const Tensors inputs{{"x", Tensor::zeros(DType::kF32, {1, 2}).value()}};
  ASSERT_THAT(make(ask).run(inputs, options), IsOk());
  EXPECT_EQ(script->last_call().deadline, options.deadline);
  EXPECT_EQ(script->last_call().trace_parent, options.trace_parent);
  EXPECT_EQ(runtime_.stats().requests, 1u) << "admitted once";
  RunOptions cancelled = options;
  cancelled.cancel.cancel();
  EXPECT_TRUE(script->last_call().cancel.is_cancelled());
}

TEST_P(CallContextTest, PassesTheCallOnToAPipeline) {
  const auto inner = make(stage("look", [](int x, const CallContext& call) {
    return std::to_string(x) + call.options().tenant + std::to_string(call.options().priority);
  }));
  const auto outer = make(stage("outer", [inner](int x, const CallContext& call) -> Result<std::string> {
    const std::vector<int> two = {x, x + 1};
    auto results = inner.run_batch(two, call);
    auto alone = inner.run(x + 2, call);
    if (!alone) return alone;
    return results[0].value() + results[1].value() + *alone;
  }));
  EXPECT_EQ(outer.run(1, full_options()).value(), "1acme72acme73acme7");
  EXPECT_EQ(runtime_.stats().requests, 1u) << "admitted once";
}

/// One worker, which waits for the callable: a second admission from a thread of the callable's own would wait for it.
TEST_P(CallContextTest, IsPassedOnFromThreadsOfTheCallablesOwn) {
  const Model model = make_fake_model(std::make_shared<FakeScript>(), runtime_);
  const auto inner = make(stage("thread", [](int) { return std::this_thread::get_id(); }));
  const auto outer = make(stage("outer", [inner, model](int x, const CallContext& call) {
    bool is_here = false;
    bool is_computed = false;
    std::thread own([&] {
      is_here = inner.run(x, call).value() == std::this_thread::get_id();
      is_computed = model.run({{"x", Tensor::zeros(DType::kF32, {1, 2}).value()}}, call).ok();
    });
    own.join();
    return is_here && is_computed;
  }));
  EXPECT_TRUE(outer.run(1).value());
  EXPECT_EQ(runtime_.stats().requests, 1u) << "admitted once";
}

TEST_P(CallContextTest, IsAdmittedByAnotherRuntimeWithTheCallsOptions) {
  const Runtime other = make_runtime(1);
  const auto inner =
      compile(stage("look", [](int, const CallContext& call) { return call.options().tenant; }), other).value();
  const auto outer = make(stage("outer", [inner](int x, const CallContext& call) { return inner.run(x, call); }));
  EXPECT_EQ(outer.run(1, full_options()).value(), "acme");
  EXPECT_EQ(other.stats().requests, 1u);
}

TEST(CallContext, OfNoCallNeverEnds) {
  const CallContext& none = CallContext::none();
  EXPECT_EQ(none.interruption(), std::nullopt);
  EXPECT_EQ(none.deadline(), std::nullopt);
  EXPECT_EQ(none.threads(), 1);
  EXPECT_EQ(none.make_tensor(DType::kF32, {2, 3}).value().shape(), (Shape{2, 3}));
  EXPECT_THAT(none.make_tensor(DType::kF32, {-1}), FailsWith(ErrorCode::kInvalidArgument, ""));
  const Model model = make_fake_model(std::make_shared<FakeScript>(), make_runtime(1));
  EXPECT_THAT(model.run({{"x", Tensor::zeros(DType::kF32, {1, 2}).value()}}, none), IsOk());
}

TEST(CallContext, MayUseAsManyThreadsAsTheRuntimeSays) {
  RuntimeOptions options;
  options.workers = 2;
  options.image_threads = 2;
  options.allow_oversubscription = true;
  options.callers_help = false;
  const Runtime runtime = Runtime::create(options).value();
  // Two parts that wait for each other: on one thread they would wait for ever.
  const auto meet = stage("meet", [](int, const CallContext& call) {
    test::Gate gate;
    gate.close();
    call.parallel(2, [&](std::size_t i) {
      if (i == 0) {
        gate.wait_for_arrivals(1);
        gate.open();
      } else {
        gate.pass();
      }
    });
    return call.threads();
  });
  EXPECT_EQ(compile(meet, runtime).value().run(1).value(), 2);
}

TEST(CallContext, GivesTensorsOfOtherShapesMemoryOfTheirOwn) {
  TestCall batch({}, 3);
  const CallContext& call = batch.call();
  const Tensor first = call.make_tensor(DType::kF32, {2}).value();
  const Tensor second_of_first = call.make_tensor(DType::kU8, {5}).value();
  batch.call().end(true);
  const Tensor other_shape = call.make_tensor(DType::kF32, {3}).value();
  const Tensor second_of_second = call.make_tensor(DType::kU8, {5}).value();
  batch.call().end(true);
  const Tensor other_dtype = call.make_tensor(DType::kI32, {2}).value();
  EXPECT_FALSE(other_shape.shares_storage_with(first));
  EXPECT_FALSE(other_dtype.shares_storage_with(first));
  EXPECT_TRUE(second_of_second.shares_storage_with(second_of_first)) << "each tensor of a sample has a block";
  EXPECT_THAT(call.make_tensor(DType::kF32, {1, 1, 1, 1, 1, 1, 1, 1}), IsOk()) << "no room for a batch axis";
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
