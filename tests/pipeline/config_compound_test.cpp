// SPDX-License-Identifier: Apache-2.0
// each, fork and when in a config: where their types come from, and what is refused.
#include <gtest/gtest.h>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>

#include <string>
#include <tuple>
#include <vector>

#include "pipeline/config_fixture.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::ValueTuple;
using test::Int;
using test::IsOk;
using test::make_registry;
using test::parse_error;

Runtime runtime() {
  RuntimeOptions options;
  options.execution = Execution::kCaller;
  return Runtime::create(options).value();
}

template <class In, class Out>
Result<Out> run(const std::string& json, In input) {
  const auto chain = parse_stages<In, Out>(json, make_registry());
  if (!chain) return chain.error();
  return compile(*chain, runtime()).value().run(std::move(input));
}

std::string error_of(const std::string& json) {
  return parse_error<Int, Int>(json, make_registry());
}

const std::string kAdd = R"([{"op": "test.add"}])";
const std::string kTwice = R"([{"op": "test.multiply", "n": 2}])";

TEST(ConfigEach, MapsAList) {
  const std::string json =
      R"([{"op": "test.spread", "n": 3}, {"op": "each", "do": [{"op": "test.multiply", "n": 10}, {"op": "test.text"}]}])";
  EXPECT_EQ((run<Int, std::vector<std::string>>(json, Int{1})).value(), (std::vector<std::string>{"10", "20", "30"}));
}

TEST(ConfigEach, NestsTwoDeepAndNoDeeper) {
  const std::string two = R"([{"op": "each", "do": [{"op": "each", "do": )" + kAdd + "}]}]";
  using Lists = std::vector<std::vector<Int>>;
  EXPECT_EQ((run<Lists, Lists>(two, {{1}, {2, 3}})).value(), (Lists{{2}, {3, 4}}));
  const std::string three = R"([{"op": "each", "do": )" + two + "}]";
  const auto node = detail::parse_stages(three, nullptr, nullptr, make_registry(), {});
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error().to_string(), "invalid_argument: pipeline[0]: lists nest at most two deep");
}

TEST(ConfigEach, NeedsAListOfOpsAndAListToMap) {
  EXPECT_EQ(error_of(R"([{"op": "each"}])"), "invalid_argument: pipeline[0].do: is required");
  EXPECT_EQ(error_of(R"([{"op": "each", "do": )" + kAdd + "}]"),
            "invalid_argument: pipeline[0]: 'each' takes a list, but it is given long");
  const std::string spread = R"({"op": "test.spread", "n": 2}, )";
  EXPECT_EQ(error_of("[" + spread + R"({"op": "each", "do": []}])"),
            "invalid_argument: pipeline[1].do: needs at least one op");
  EXPECT_EQ(error_of("[" + spread + R"({"op": "each", "do": 3}])"),
            "invalid_argument: pipeline[1].do: expected a list of ops, got 3");
  EXPECT_EQ(error_of("[" + spread + R"({"op": "each", "do": )" + kAdd + "}]"),
            "invalid_argument: pipeline: gives list<long>, but long is wanted");
}

TEST(ConfigFork, TakesItsTupleFromTheConsumer) {
  const std::string json =
      R"([{"op": "fork", "branches": [)" + kAdd + ", " + kTwice + R"(]}, {"op": "test.subtract"}])";
  EXPECT_EQ((run<Int, Int>(json, Int{10})).value(), 11 - 20);
}

/// What it takes is known from its registration; to make an op may be to read a table.
TEST(ConfigFork, AsksItsConsumerWithoutMakingIt) {
  Registry registry = make_registry();
  int made = 0;
  registry.add<std::tuple<Int, Int>, Int>("test.counted", [&](ParamReader&) { return ++made, test::subtract(); });
  const std::string fork = R"([{"op": "fork", "branches": [)" + kAdd + ", " + kTwice + "]}, ";
  EXPECT_EQ((parse_error<Int, Int>(fork + R"({"op": "test.counted"}])", registry)), "");
  EXPECT_EQ(made, 1);
  EXPECT_EQ((parse_error<Int, Int>(fork + R"({"op": "test.counted", "odd": 1}])", registry)),
            "invalid_argument: pipeline[1].odd: unknown key; expected one of op");
}

TEST(ConfigFork, TakesItsTupleFromTheOutput) {
  using Pair = std::tuple<Int, std::string>;
  const std::string json = R"([{"op": "fork", "branches": [)" + kAdd + R"(, [{"op": "test.text"}]]}])";
  EXPECT_EQ((run<Int, Pair>(json, Int{5})).value(), Pair(6, "5"));
  EXPECT_EQ((parse_error<Int, std::tuple<Int, Int>>(json, make_registry())),
            "invalid_argument: pipeline[0].branches[1]: gives " + detail::type_of<std::string>().name() +
                ", but long is wanted");
  EXPECT_EQ((parse_error<Int, std::tuple<Int>>(json, make_registry())),
            "invalid_argument: pipeline[0].branches: has 2 branches, but tuple<long> is wanted");
  EXPECT_EQ((parse_error<Int, Int>(json, make_registry())),
            "invalid_argument: pipeline[0]: 'fork' gives a tuple, but long is wanted");
}

TEST(ConfigFork, GivesAValueTupleIfNobodyStatesAType) {
  const std::string json = R"([{"op": "fork", "branches": [)" + kAdd + R"(, [{"op": "test.text"}]]}])";
  const auto node = detail::parse_stages(json, nullptr, nullptr, make_registry(), {});
  ASSERT_THAT(node, IsOk());
  ASSERT_TRUE(detail::same_type(*(*node)->out, detail::type_of<ValueTuple>()));
  const auto core = detail::PipelineCore::compile(*node, {runtime()}).value();
  auto result = core->run(detail::Value(Int{5}), {}).value();
  ASSERT_EQ(result.get<ValueTuple>().items.size(), 2u);
  EXPECT_EQ(result.get<ValueTuple>().items[0].get<Int>(), 6);
  EXPECT_EQ(result.get<ValueTuple>().items[1].get<std::string>(), "5");
}

TEST(ConfigFork, GivesAValueTupleWhereOneIsWanted) {
  const std::string fork = R"([{"op": "fork", "branches": [)" + kAdd + ", " + kTwice + "]}]";
  EXPECT_EQ((run<Int, ValueTuple>(fork, Int{5})).value().items.size(), 2u);
  // The second branch of `when` must give what the first one gives.
  const std::string when =
      R"([{"op": "when", "if": {"predicate": "test.is_even"}, "then": )" + fork + R"(, "else": )" + fork + "}]";
  EXPECT_THAT(detail::parse_stages(when, nullptr, nullptr, make_registry(), {}), IsOk());
}

TEST(ConfigFork, NeedsOneToSixteenBranchesOfOneInput) {
  EXPECT_EQ(error_of(R"([{"op": "fork"}])"), "invalid_argument: pipeline[0].branches: is required");
  EXPECT_EQ(error_of(R"([{"op": "fork", "branches": {}}])"),
            "invalid_argument: pipeline[0].branches: expected a list, got an object");
  EXPECT_EQ(error_of(R"([{"op": "fork", "branches": []}])"),
            "invalid_argument: pipeline[0].branches: needs 1..16 branches, got 0");
  std::string many = kAdd;
  for (int i = 1; i < 17; ++i) many += ", " + kAdd;
  EXPECT_EQ(error_of(R"([{"op": "fork", "branches": [)" + many + "]}]"),
            "invalid_argument: pipeline[0].branches: needs 1..16 branches, got 17");
  const auto mixed = detail::parse_stages(R"([{"op": "fork", "branches": [)" + kAdd + R"(, [{"op": "test.sum"}]]}])",
                                          nullptr, nullptr, make_registry(), {});
  ASSERT_FALSE(mixed);
  EXPECT_EQ(
      mixed.error().to_string(),
      "invalid_argument: pipeline[0].branches[1][0]: 'test.sum' takes list<long>, but the pipeline gives it long");
}

TEST(ConfigFork, NeedsAnInputThatCanBeCopied) {
  Registry registry = make_registry();
  registry.add<std::unique_ptr<int>, Int>(
      "test.open", [](ParamReader&) { return stage("test.open", [](std::unique_ptr<int> x) { return Int{*x}; }); });
  const auto error = parse_error<std::unique_ptr<int>, std::tuple<Int>>(
      R"([{"op": "fork", "branches": [[{"op": "test.open"}]]}])", registry);
  EXPECT_THAT(error, ::testing::StartsWith("invalid_argument: pipeline[0]: 'fork' needs an input that can be copied"));
}

std::string when(const std::string& then, const std::string& otherwise) {
  return R"([{"op": "when", "if": {"predicate": "test.is_even"}, "then": )" + then + R"(, "else": )" + otherwise + "}]";
}

TEST(ConfigWhen, ChoosesByPredicate) {
  EXPECT_EQ((run<Int, Int>(when(kTwice, kAdd), Int{4})).value(), 8);
  EXPECT_EQ((run<Int, Int>(when(kTwice, kAdd), Int{5})).value(), 6);
}

TEST(ConfigWhen, MayHaveAnEmptySideThatPassesTheValueOn) {
  EXPECT_EQ((run<Int, Int>(when("[]", kAdd), Int{4})).value(), 4);
  EXPECT_EQ((run<Int, Int>(when(kAdd, "[]"), Int{5})).value(), 5);
  EXPECT_EQ((run<Int, Int>(when("[]", "[]"), Int{5})).value(), 5);
}

TEST(ConfigWhen, NeedsAPredicateThatLooksAtItsInput) {
  EXPECT_EQ(error_of(R"([{"op": "when", "then": [], "else": []}])"), "invalid_argument: pipeline[0].if: is required");
  EXPECT_EQ(error_of(R"([{"op": "when", "if": {"predicate": "test.is_even"}, "then": []}])"),
            "invalid_argument: pipeline[0].else: is required");
  EXPECT_EQ(error_of(R"([{"op": "when", "if": "test.is_even", "then": [], "else": []}])"),
            "invalid_argument: pipeline[0].if: expected an object, got \"test.is_even\"");
  EXPECT_EQ(error_of(R"([{"op": "when", "if": {}, "then": [], "else": []}])"),
            "invalid_argument: pipeline[0].if.predicate: is required");
  EXPECT_EQ(error_of(R"([{"op": "when", "if": {"predicate": "odd"}, "then": [], "else": []}])"),
            "invalid_argument: pipeline[0].if.predicate: unknown predicate 'odd'");
  EXPECT_EQ((parse_error<std::vector<Int>, Int>(when("[]", "[]"), make_registry())),
            "invalid_argument: pipeline[0]: predicate 'test.is_even' looks at long, but is given list<long>");
}

TEST(ConfigWhen, NeedsSidesOfOneType) {
  const std::string spread = R"([{"op": "test.spread", "n": 2}])";
  EXPECT_EQ(error_of(when(kAdd, spread)), "invalid_argument: pipeline[0].else: gives list<long>, but long is wanted");
  EXPECT_EQ(error_of(when(spread, kAdd)), "invalid_argument: pipeline[0].then: gives list<long>, but long is wanted");
  EXPECT_EQ((parse_error<Int, std::vector<Int>>(when(spread, "[]"), make_registry())),
            "invalid_argument: pipeline[0]: 'then' gives list<long>, 'else' gives long");
}

TEST(ConfigCompounds, NameMistakesInside) {
  EXPECT_EQ(error_of(when(R"([{"op": "test.add", "x": 1}])", "[]")),
            "invalid_argument: pipeline[0].then[0].x: unknown key; expected one of n, op");
  EXPECT_EQ(error_of(R"([{"op": "fork", "branches": [)" + kAdd + R"(, [{"op": "nope"}]]}, {"op": "test.subtract"}])")
                .substr(0, 66),
            "invalid_argument: pipeline[0].branches[1][0].op: unknown op 'nope'");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
