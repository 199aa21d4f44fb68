// SPDX-License-Identifier: Apache-2.0
// The config front end: lists of ops, their edges, and the exact words for what is wrong.
#include <gtest/gtest.h>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>

#include <string>
#include <vector>

#include "pipeline/config_fixture.hpp"
#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::Int;
using test::IsOk;
using test::make_registry;
using test::make_runtime;
using test::parse_error;

template <class In, class Out>
Result<Out> run(const std::string& json, In input) {
  const auto chain = parse_stages<In, Out>(json, make_registry());
  if (!chain) return chain.error();
  return compile(*chain, make_runtime(1)).value().run(std::move(input));
}

std::string error_of(const std::string& json) {
  return parse_error<Int, Int>(json, make_registry());
}

TEST(Config, BuildsAChain) {
  EXPECT_EQ((run<Int, std::string>(
                 R"([{"op": "test.add", "n": 2}, {"op": "test.multiply", "n": 3}, {"op": "test.text"}])", Int{1}))
                .value(),
            "9");
}

TEST(Config, UsesDefaults) {
  EXPECT_EQ((run<Int, Int>(R"([{"op": "test.add"}])", Int{1})).value(), 2);
}

TEST(Config, RefusesWhatIsNotJson) {
  EXPECT_THAT(error_of("[{]"), ::testing::StartsWith("invalid_argument: pipeline: not JSON: "));
  EXPECT_THAT(error_of(""), ::testing::StartsWith("invalid_argument: pipeline: not JSON: "));
  EXPECT_THAT(error_of("[] []"), ::testing::StartsWith("invalid_argument: pipeline: not JSON: "));
  EXPECT_THAT(error_of("[{\"op\": \"\xff\"}]"), ::testing::StartsWith("invalid_argument: pipeline: not JSON: "));
}

TEST(Config, RefusesWhatIsNotAListOfOps) {
  EXPECT_EQ(error_of("3"), "invalid_argument: pipeline: expected a list of ops, got 3");
  EXPECT_EQ(error_of("{}"), "invalid_argument: pipeline: expected a list of ops, got an object");
  EXPECT_EQ(error_of("[]"), "invalid_argument: pipeline: needs at least one op");
  EXPECT_EQ(error_of("[[]]"), "invalid_argument: pipeline[0]: expected an object, got a list");
  EXPECT_EQ(error_of("[{}]"), "invalid_argument: pipeline[0].op: is required");
  EXPECT_EQ(error_of(R"([{"op": 3}])"), "invalid_argument: pipeline[0].op: expected a string, got 3");
}

TEST(Config, NamesAnUnknownOpAndTheKnownOnes) {
  EXPECT_EQ(error_of(R"([{"op": "test.add"}, {"op": "test.ad"}])"),
            "invalid_argument: pipeline[1].op: unknown op 'test.ad'; known are bundle, each, fork, model, select, "
            "when, test.add, "
            "test.multiply, test.refuse, test.spread, test.subtract, test.sum, test.text");
}

TEST(Config, RefusesDuplicateAndUnknownKeys) {
  EXPECT_EQ(error_of(R"([{"op": "test.add", "n": 1, "n": 2}])"),
            "invalid_argument: pipeline: key \"n\" appears twice in one object");
  EXPECT_EQ(error_of(R"([{"op": "test.add", "m": 1}])"),
            "invalid_argument: pipeline[0].m: unknown key; expected one of n, op");
  EXPECT_EQ(error_of(R"([{"op": "test.sum", "n": 1}])"),
            "invalid_argument: pipeline[0].n: unknown key; expected one of op");
  EXPECT_EQ(error_of(R"([{"op": "each", "do": [{"op": "test.add"}], "while": 1}])"),
            "invalid_argument: pipeline[0].while: unknown key; expected one of do, op");
  EXPECT_EQ(error_of(R"([{"op": "fork", "branches": [], "x": 1}])"),
            "invalid_argument: pipeline[0].x: unknown key; expected one of branches, op");
  EXPECT_EQ(error_of(R"([{"op": "when", "if": {"predicate": "test.is_even", "not": true}, "then": [], "else": []}])"),
            "invalid_argument: pipeline[0].if.not: unknown key; expected one of predicate");
  EXPECT_EQ(error_of(R"([{"op": "model", "size": 1}])"),
            "invalid_argument: pipeline[0].size: unknown key; expected one of name, op");
}

TEST(Config, NamesTheJsonPathOfAWrongParameter) {
  EXPECT_EQ(error_of(R"([{"op": "test.add"}, {"op": "test.multiply", "n": "two"}])"),
            "invalid_argument: pipeline[1].n: expected an integer, got \"two\"");
  EXPECT_EQ(error_of(R"([{"op": "test.add", "n": 1001}])"),
            "invalid_argument: pipeline[0]: 'test.add': n must be -1000..1000");
  EXPECT_EQ(error_of(R"([{"op": "test.spread", "n": 2}, {"op": "each", "do": [{"op": "test.add", "n": true}]}])"),
            "invalid_argument: pipeline[1].do[0].n: expected an integer, got true");
}

TEST(Config, RefusesEdgesThatDoNotFit) {
  EXPECT_EQ(error_of(R"([{"op": "test.sum"}])"),
            "invalid_argument: pipeline[0]: 'test.sum' takes list<long>, but the pipeline gives it long");
  EXPECT_EQ(error_of(R"([{"op": "test.spread", "n": 2}, {"op": "test.add"}])"),
            "invalid_argument: pipeline[1]: 'test.add' takes long, but the op before it gives list<long>");
  EXPECT_EQ(error_of(R"([{"op": "test.spread", "n": 2}])"),
            "invalid_argument: pipeline: gives list<long>, but long is wanted");
}

TEST(Config, RefusesDeepNesting) {
  std::string json = R"([{"op": "test.add"}])";
  for (int i = 0; i < 40; ++i) json = R"([{"op": "fork", "branches": [)" + json + "]}]";
  EXPECT_EQ(error_of(json), "invalid_argument: pipeline: nests deeper than 64 levels");
  EXPECT_THAT(error_of(std::string(100000, '[')), ::testing::StartsWith("invalid_argument: pipeline: "));
}

TEST(Config, LeavesTypesOpenWhereNobodyStatesThem) {
  const auto node =
      detail::parse_stages(R"([{"op": "test.add"}, {"op": "test.text"}])", nullptr, nullptr, make_registry(), {});
  ASSERT_THAT(node, IsOk());
  EXPECT_EQ((*node)->in->name(), "long");
  EXPECT_TRUE(detail::same_type(*(*node)->out, detail::type_of<std::string>()));
}

TEST(Config, StandsForItsModel) {
  const auto script = std::make_shared<test::FakeScript>();
  const Runtime runtime = make_runtime(1);
  const Model model = test::make_fake_model(script, runtime);
  ConfigContext context;
  context.models.emplace("net", model);
  const char* json = R"([{"op": "model"}, {"op": "model"}])";
  const auto chain = parse_stages<Tensor, Tensor>(json, Registry(), context).value();
  const auto pipeline = compile(chain, runtime).value();
  EXPECT_EQ(test::values_of(pipeline.run(test::row({1, 2})).value()), (std::vector<float>{4, 8}));
  EXPECT_EQ((parse_error<Tensor, Tensor>(json, Registry())), "invalid_argument: pipeline[0]: this config has no model");
}

TEST(Config, GivesAModelTensorsWhereTheyAreWanted) {
  const Runtime runtime = make_runtime(1);
  const Model model = test::make_fake_model(std::make_shared<test::FakeScript>(), runtime);
  ConfigContext context;
  context.models.emplace("net", model);
  const char* json = R"([{"op": "model"}])";
  const auto many = parse_stages<Tensors, Tensors>(json, Registry(), context).value();
  const auto outputs = compile(many, runtime).value().run({{"x", test::row({1, 2})}}).value();
  EXPECT_EQ(outputs[0].name, "y");
  const Model two = test::make_fake_model(std::make_shared<test::FakeScript>(), runtime, 0, 16,
                                          Signature::parse("x:f32[batch]", "y:f32[batch]; z:f32[batch]").value());
  context.models.clear();
  context.models.emplace("net", two);
  EXPECT_EQ((parse_error<Tensor, Tensor>(json, Registry(), context)),
            "invalid_argument: pipeline: gives Tensors, but Tensor is wanted");
  EXPECT_THAT((parse_stages<Tensor, Tensors>(json, Registry(), context)), IsOk());
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
