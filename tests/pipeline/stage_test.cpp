// SPDX-License-Identifier: Apache-2.0
// The typed front end: what stages can be made of, and what each combination computes. Every test runs in both
// executions and in a batch.
#include <gtest/gtest.h>

#include <atomic>
#include <gantry/pipeline.hpp>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::HasCode;
using test::IsOk;
using test::make_runtime;

int times_two(int x) {
  return 2 * x;
}

struct MoveOnly {
  explicit MoveOnly(int n) : number(std::make_unique<int>(n)) {}
  std::unique_ptr<int> number;
};

/// Fails for odd numbers.
Result<int> halve(int x) {
  if (x % 2 != 0) return Error(ErrorCode::kInvalidArgument, std::to_string(x) + " is odd");
  return x / 2;
}

class StageTest : public ::testing::TestWithParam<Execution> {
 protected:
  template <class In, class Out>
  Pipeline<In, Out> make(const Stage<In, Out>& chain) const {
    return compile(chain, runtime_).value();
  }
  template <class In, class Out>
  Result<Out> run(const Stage<In, Out>& chain, In input) const {
    return make(chain).run(std::move(input));
  }
  Runtime runtime_ = make_runtime(2, GetParam());
};

INSTANTIATE_TEST_SUITE_P(Executions, StageTest, ::testing::Values(Execution::kPooled, Execution::kCaller),
                         [](const auto& execution) {
                           return execution.param == Execution::kPooled ? "Pooled" : "Caller";
                         });

TEST_P(StageTest, IsMadeFromAnyConstCallable) {
  struct Functor {
    int operator()(int x) const noexcept { return x + 1; }
  };
  EXPECT_EQ(run(stage("lambda", [](int x) { return x + 1; }), 1).value(), 2);
  EXPECT_EQ(run(stage("function", &times_two), 3).value(), 6);
  EXPECT_EQ(run(stage("functor", Functor()), 1).value(), 2);
  EXPECT_EQ(run(stage("std::function", std::function<int(int)>(&times_two)), 4).value(), 8);
  EXPECT_EQ(run(stage("result", &halve), 4).value(), 2);
  EXPECT_EQ(run(stage("const reference", [](const std::string& s) { return s.size(); }), std::string("four")).value(),
            4u);
  EXPECT_EQ(run(stage("rvalue", [](std::string&& s) { return std::move(s) + "!"; }), std::string("hi")).value(), "hi!");
}

TEST_P(StageTest, DeducesItsTypes) {
  const auto made = stage("s", [](const std::string& s) -> Result<double> { return static_cast<double>(s.size()); });
  static_assert(std::is_same_v<decltype(made), const Stage<std::string, double>>);
  const auto both = fork(made, made) | stage("sum", [](const std::tuple<double, double>& t) {
                      return static_cast<int>(std::get<0>(t) + std::get<1>(t));
                    });
  static_assert(std::is_same_v<decltype(both), const Stage<std::string, int>>);
  EXPECT_EQ(run(both, std::string("abc")).value(), 6);
}

TEST_P(StageTest, ChainsInOrder) {
  const auto chain = stage("add", [](int x) { return x + 1; }) | stage("twice", &times_two) | stage("halve", &halve) |
                     stage("text", [](int x) { return std::to_string(x); });
  EXPECT_EQ(run(chain, 20).value(), "21");
}

TEST_P(StageTest, MovesMoveOnlyPayloadsThrough) {
  const auto chain = stage("box", [](int x) { return MoveOnly(x); }) |
                     stage("add", [](MoveOnly box) { return MoveOnly(*box.number + 1); }) |
                     tap<MoveOnly>("look", [](const MoveOnly&) {}) |
                     when(Predicate<MoveOnly>("is_even", [](const MoveOnly& box) { return *box.number % 2 == 0; }),
                          stage("keep", [](MoveOnly box) { return box; }),
                          stage("negate", [](MoveOnly box) { return MoveOnly(-*box.number); }));
  const auto pipeline = make(chain);
  EXPECT_EQ(*pipeline.run(1).value().number, 2);
  EXPECT_EQ(*pipeline.run(2).value().number, -3);
  const auto list = stage("many",
                          [](int x) {
                            std::vector<MoveOnly> boxes;
                            for (int i = 0; i < x; ++i) boxes.emplace_back(i);
                            return boxes;
                          }) |
                    each(stage("open", [](MoveOnly box) { return *box.number; }));
  EXPECT_EQ(run(list, 3).value(), (std::vector<int>{0, 1, 2}));
}

TEST_P(StageTest, NamesTheStageThatFails) {
  const auto chain = stage("twice", &times_two) | stage("halve", &halve) | stage("halve again", &halve);
  EXPECT_THAT(run(chain, 3), FailsWith(ErrorCode::kInvalidArgument, "invalid_argument: stage 'halve again': 3 is odd"));
  CompileOptions options(runtime_);
  options.name = "cats";
  EXPECT_EQ(compile(chain, options).value().run(3).error().to_string(),
            "invalid_argument: pipeline 'cats' > stage 'halve again': 3 is odd");
}

TEST_P(StageTest, TranslatesExceptions) {
  const auto thrower = [](int kind) -> int {
    if (kind == 0) throw std::runtime_error("bad");
    if (kind == 1) throw std::bad_alloc();
    if (kind == 2) throw 7;
    return Result<int>(Error(ErrorCode::kNotFound, "nothing there")).value();
  };
  const auto pipeline = make(stage("throw", thrower));
  EXPECT_THAT(pipeline.run(0), FailsWith(ErrorCode::kInternal, "stage 'throw': threw std::runtime_error: bad"));
  EXPECT_THAT(pipeline.run(1), FailsWith(ErrorCode::kResourceExhausted, "stage 'throw': out of memory"));
  EXPECT_THAT(pipeline.run(2), FailsWith(ErrorCode::kInternal, "threw something that is not a std::exception"));
  EXPECT_THAT(pipeline.run(3), FailsWith(ErrorCode::kNotFound, "stage 'throw': nothing there"));
}

TEST_P(StageTest, EachMapsAList) {
  const auto pipeline = make(each(stage("twice", &times_two) | stage("add", [](int x) { return x + 1; })));
  EXPECT_EQ(pipeline.run({1, 2, 3}).value(), (std::vector<int>{3, 5, 7}));
  EXPECT_EQ(pipeline.run({}).value(), std::vector<int>());
}

TEST_P(StageTest, EachNamesTheElementThatFails) {
  const auto pipeline = make(each(stage("halve", &halve)));
  EXPECT_EQ(pipeline.run({2, 4, 6, 7, 9}).error().to_string(), "invalid_argument: each[3] > stage 'halve': 7 is odd");
}

TEST_P(StageTest, EachOfABatchFailsOnlyTheListsThatHoldABadElement) {
  const auto pipeline = make(each(stage("halve", &halve)));
  const std::vector<std::vector<int>> lists = {{2, 4}, {}, {6, 7}, {8}, {1}};
  const auto results = pipeline.run_batch(lists);
  EXPECT_EQ(results[0].value(), (std::vector<int>{1, 2}));
  EXPECT_EQ(results[1].value(), std::vector<int>());
  EXPECT_THAT(results[2], FailsWith(ErrorCode::kInvalidArgument, "each[1] > stage 'halve': 7 is odd"));
  EXPECT_EQ(results[3].value(), (std::vector<int>{4}));
  EXPECT_THAT(results[4], FailsWith(ErrorCode::kInvalidArgument, "each[0] > stage 'halve': 1 is odd"));
}

TEST_P(StageTest, EachRunsAllListsOfABatchAsOneBatch) {
  const auto script = std::make_shared<test::FakeScript>();
  const Model model = test::make_fake_model(script, runtime_);
  const auto pipeline = make(each(model.stage()));
  const std::vector<std::vector<Tensor>> lists = {{test::row({1, 2}), test::row({3, 4})}, {}, {test::row({5, 6})}};
  const auto results = pipeline.run_batch(lists);
  EXPECT_EQ(test::values_of(results[2].value()[0]), (std::vector<float>{10, 12}));
  EXPECT_EQ(script->batch_sizes(), (std::vector<std::int64_t>{3}));
}

TEST_P(StageTest, EachNestsTwoDeep) {
  const auto pipeline = make(each(each(stage("halve", &halve))));
  EXPECT_EQ(pipeline.run({{2}, {}, {4, 6}}).value(), (std::vector<std::vector<int>>{{1}, {}, {2, 3}}));
  EXPECT_EQ(pipeline.run({{2}, {4, 5}}).error().to_string(),
            "invalid_argument: each[1] > each[1] > stage 'halve': 5 is odd");
}

TEST_P(StageTest, ForkHandsACopyToEachBranch) {
  const auto pipeline = make(fork(stage("size", [](std::string s) { return s.size(); }),
                                  stage("shout", [](std::string&& s) { return std::move(s) + "!"; }),
                                  stage("first", [](const std::string& s) { return s[0]; })));
  EXPECT_EQ(pipeline.run("hello").value(), std::make_tuple(std::size_t{5}, std::string("hello!"), 'h'));
}

TEST_P(StageTest, ForkNamesTheBranchThatFails) {
  const auto pipeline = make(fork(stage("twice", &times_two), stage("halve", &halve)));
  EXPECT_EQ(pipeline.run(5).error().to_string(), "invalid_argument: fork[1] > stage 'halve': 5 is odd");
  const std::vector<int> inputs = {2, 3, 4};
  const auto results = pipeline.run_batch(inputs);
  EXPECT_EQ(results[0].value(), std::make_tuple(4, 1));
  EXPECT_THAT(results[1], HasCode(ErrorCode::kInvalidArgument));
  EXPECT_EQ(results[2].value(), std::make_tuple(8, 2));
}

TEST_P(StageTest, ForkSurvivesACopyThatThrows) {
  struct Grumpy {
    explicit Grumpy(int n) : number(n) {}
    Grumpy(const Grumpy& other) : number(other.number) {
      if (number == 2) throw std::runtime_error("I do not copy");
    }
    Grumpy(Grumpy&&) = default;
    int number;
  };
  const auto open = stage("open", [](const Grumpy& g) { return g.number; });
  const auto pipeline = make(stage("make", [](int x) { return Grumpy(x); }) | fork(open, open));
  const std::vector<int> inputs = {1, 2, 3};
  const auto results = pipeline.run_batch(inputs);
  EXPECT_EQ(results[0].value(), std::make_tuple(1, 1));
  EXPECT_THAT(results[1], FailsWith(ErrorCode::kInternal, "fork: threw std::runtime_error: I do not copy"));
  EXPECT_EQ(results[2].value(), std::make_tuple(3, 3));
}

/// Throws when a bad one is moved.
struct Restless {
  explicit Restless(int n) : number(n) {}
  Restless(const Restless&) = default;
  Restless(Restless&& other) : number(other.number) {
    if (number == kBad) throw std::runtime_error("I do not move");
  }
  static constexpr int kBad = 2;
  int number;
};

TEST_P(StageTest, EachSurvivesAnElementThatCannotBeTakenOut) {
  const auto make_list = stage("make", [](int x) {
    std::vector<Restless> list;
    list.reserve(2);
    for (const int number : {1, x}) list.emplace_back(number);
    return list;
  });
  const auto pipeline = make(make_list | each(stage("open", [](const Restless& r) { return r.number; })));
  const std::vector<int> inputs = {1, 2, 3};
  const auto results = pipeline.run_batch(inputs);
  EXPECT_EQ(results[0].value(), (std::vector<int>{1, 1}));
  EXPECT_THAT(results[1], FailsWith(ErrorCode::kInternal, "each: threw std::runtime_error: I do not move"));
  EXPECT_EQ(results[2].value(), (std::vector<int>{1, 3}));
}

/// Throws when it is moved once more than the stage that makes it does.
struct Tired {
  explicit Tired(int n) : number(n) {}
  Tired(Tired&& other) : number(other.number), moves(other.moves + 1) {
    if (number == 2 && moves > kMovesInStage) throw std::runtime_error("I do not move");
  }
  static constexpr int kMovesInStage = 2;
  int number;
  int moves = 0;
};

TEST_P(StageTest, EachSurvivesAnElementThatCannotBePutIn) {
  const auto pipeline = make(stage("list",
                                   [](int x) {
                                     return std::vector<int>{1, x};
                                   }) |
                             each(stage("make", [](int x) { return Tired(x); })) |
                             stage("open", [](const std::vector<Tired>& list) { return list[1].number; }));
  const std::vector<int> inputs = {1, 2, 3};
  const auto results = pipeline.run_batch(inputs);
  EXPECT_EQ(results[0].value(), 1);
  EXPECT_THAT(results[1], FailsWith(ErrorCode::kInternal, "each: threw std::runtime_error: I do not move"));
  EXPECT_EQ(results[2].value(), 3);
}

TEST_P(StageTest, WhenChoosesPerSample) {
  const Predicate<int> is_even("is_even", [](const int& x) { return x % 2 == 0; });
  const auto pipeline = make(when(is_even, stage("halve", &halve), stage("negate", [](int x) { return -x; })) |
                             stage("add", [](int x) { return x + 100; }));
  const std::vector<int> inputs = {1, 2, 3, 4};
  std::vector<int> outputs;
  for (auto& result : pipeline.run_batch(inputs)) outputs.push_back(result.value());
  EXPECT_EQ(outputs, (std::vector<int>{99, 101, 97, 102}));
}

TEST_P(StageTest, WhenNamesTheSideThatFails) {
  const Predicate<int> is_small("is_small", [](const int& x) {
    if (x < 0) throw std::runtime_error("negative");
    return x < 10;
  });
  const auto pipeline = make(when(is_small, stage("halve", &halve), stage("refuse", [](int x) -> Result<int> {
                                    return Error(ErrorCode::kUnsupported, std::to_string(x) + " is large");
                                  })));
  const std::vector<int> inputs = {3, 40, -1, 4};
  const auto results = pipeline.run_batch(inputs);
  EXPECT_EQ(results[0].error().to_string(), "invalid_argument: when.then > stage 'halve': 3 is odd");
  EXPECT_EQ(results[1].error().to_string(), "unsupported: when.else > stage 'refuse': 40 is large");
  EXPECT_EQ(results[2].error().to_string(), "internal: when.if: threw std::runtime_error: negative");
  EXPECT_EQ(results[3].value(), 2);
}

TEST_P(StageTest, TapLooksAndDoesNotTouch) {
  const auto seen = std::make_shared<std::atomic<int>>(0);
  const auto pipeline = make(stage("twice", &times_two) | tap<int>("look", [seen](const int& x) { *seen += x; }) |
                             stage("add", [](int x) { return x + 1; }));
  EXPECT_EQ(pipeline.run(4).value(), 9);
  EXPECT_EQ(seen->load(), 8);
}

TEST_P(StageTest, TapThatThrowsFailsItsSample) {
  const auto pipeline = make(tap<int>("look", [](const int& x) {
    if (x == 2) throw std::runtime_error("seen enough");
  }));
  const std::vector<int> inputs = {1, 2, 3};
  const auto results = pipeline.run_batch(inputs);
  EXPECT_EQ(results[0].value(), 1);
  EXPECT_THAT(results[1], FailsWith(ErrorCode::kInternal, "stage 'look': threw std::runtime_error: seen enough"));
  EXPECT_EQ(results[2].value(), 3);
}

TEST_P(StageTest, LaterStagesDoNotSeeFailedSamples) {
  const auto seen = std::make_shared<std::atomic<int>>(0);
  const auto pipeline = make(stage("halve", &halve) | tap<int>("count", [seen](const int&) { ++*seen; }));
  const std::vector<int> inputs = {1, 2, 3, 4};
  static_cast<void>(pipeline.run_batch(inputs));
  EXPECT_EQ(seen->load(), 2);
}

TEST_P(StageTest, DeeplyNestedCompoundsNameTheWholeWay) {
  const Predicate<int> always("always", [](const int&) { return true; });
  const auto chain =
      each(fork(stage("twice", &times_two), when(always, stage("halve", &halve), stage("twice", &times_two))));
  EXPECT_EQ(run(chain, {2, 3}).error().to_string(),
            "invalid_argument: each[1] > fork[1] > when.then > stage 'halve': 3 is odd");
}

TEST(Compile, ReportsParametersOutsideTheirLimits) {
  auto node = detail::make_node<int, int>("test.bad", "test.bad");
  node.error = Error(ErrorCode::kInvalidArgument, "size must be 1..10, got 11");
  const auto bad = detail::to_stage<int, int>(std::move(node));
  ASSERT_NE(bad.error(), nullptr);
  EXPECT_EQ(bad.error()->message(), "size must be 1..10, got 11");
  const auto good = stage("twice", &times_two);
  EXPECT_EQ(good.error(), nullptr);
  const auto chain = good | bad | good;
  ASSERT_NE(chain.error(), nullptr);
  EXPECT_EQ(chain.error()->to_string(), "invalid_argument: stage 'test.bad': size must be 1..10, got 11");
  CompileOptions options(make_runtime(1));
  options.name = "cats";
  EXPECT_THAT(compile(chain, options),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline 'cats' > stage 'test.bad': size must be 1..10, got 11"));
  EXPECT_THAT(compile(fork(each(chain)), options), FailsWith(ErrorCode::kInvalidArgument, "stage 'test.bad': size"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
