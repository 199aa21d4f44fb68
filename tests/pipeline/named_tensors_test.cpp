// SPDX-License-Identifier: Apache-2.0
// select, bundle and pass, typed and from a config, and pipelines with several models and several inputs.
#include <gantry/named_tensors.hpp>

#include <gtest/gtest.h>
#include <gantry/any_pipeline.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>

#include <string>
#include <tuple>
#include <vector>

#include "pipeline/config_fixture.hpp"
#include "pipeline/parsed_pipeline.hpp"
#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::IsOk;
using test::row;
using test::values_of;
using Pair = std::tuple<Tensor, Tensor>;
using Floats = std::vector<float>;

Runtime runtime() {
  static const Runtime made = test::make_runtime(1, Execution::kCaller);
  return made;
}

template <class In, class Out>
Result<Out> run(const Stage<In, Out>& chain, In input) {
  auto pipeline = compile(chain, runtime());
  if (!pipeline) return pipeline.error();
  return pipeline->run(std::move(input));
}

/// The config builds what was built typed, and both give the same.
template <class In, class Out>
Out both(const Stage<In, Out>& typed, const std::string& json, In input, const ConfigContext& context = {}) {
  const auto parsed = parse_stages<In, Out>(json, Registry(), context);
  EXPECT_THAT(parsed, IsOk());
  EXPECT_EQ(compile(typed, runtime()).value().explain(), compile(*parsed, runtime()).value().explain());
  auto expected = run(typed, input);
  EXPECT_THAT(expected, IsOk());
  auto got = run(*parsed, std::move(input));
  EXPECT_THAT(got, IsOk());
  if constexpr (std::is_same_v<Out, Tensor>) {
    EXPECT_EQ(values_of(*expected), values_of(*got));
  }
  return *std::move(got);
}

std::string error_of(const std::string& json, const ConfigContext& context = {}) {
  const auto node = detail::parse_stages(json, nullptr, nullptr, Registry(), context);
  return node ? "" : node.error().to_string();
}

Tensors two() {
  return {{"a", row({1, 2})}, {"b", row({3, 4})}};
}

template <class S>
constexpr bool gives_tensors = std::is_same_v<typename S::Output, Tensors>;

/// A name is one tensor; names in braces or in a vector are Tensors, however many they are.
TEST(Select, TakesNamesHoweverTheyAreWritten) {
  const std::string a = "a";
  const std::vector<std::string> names = {"a", "b"};
  static_assert(!gives_tensors<decltype(select("a"))>);
  static_assert(!gives_tensors<decltype(select(a))>);
  static_assert(gives_tensors<decltype(select({"a"}))>);
  static_assert(gives_tensors<decltype(select({a}))>);
  static_assert(gives_tensors<decltype(select({"a", "b"}))>);
  static_assert(gives_tensors<decltype(select({a, "b"}))>);
  static_assert(gives_tensors<decltype(select({"a", "b", "c"}))>);
  static_assert(gives_tensors<decltype(select({"a", "b"}, {"x", "y"}))>);
  static_assert(gives_tensors<decltype(select(names))>);
  static_assert(gives_tensors<decltype(select(names, {"x", "y"}))>);
  const Tensors both = run(select({"b", "a"}), Tensors{{"a", row({1, 2})}, {"b", row({3, 4})}}).value();
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].name, "b");
  EXPECT_EQ(run(select({"a"}), both).value().size(), 1u);
}

TEST(Select, TakesATensorByName) {
  EXPECT_EQ(values_of(both(select("b"), R"([{"op": "select", "name": "b"}])", two())), (Floats{3, 4}));
  EXPECT_THAT(run(select("c"), two()),
              FailsWith(ErrorCode::kInvalidArgument, "stage 'select': there is no tensor 'c'; there are 'a', 'b'"));
  EXPECT_THAT(run(select("c"), Tensors()), FailsWith(ErrorCode::kInvalidArgument, "'c'; there is none"));
}

TEST(Select, TakesSeveralAndRenamesThem) {
  const Tensors got =
      both(select({"b", "a"}, {"x", "y"}), R"([{"op": "select", "names": ["b", "a"], "as": ["x", "y"]}])", two());
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].name, "x");
  EXPECT_EQ(values_of(got[0].tensor), (Floats{3, 4}));
  EXPECT_EQ(got[1].name, "y");
  const Tensors one = both(select(std::vector<std::string>{"a"}), R"([{"op": "select", "names": ["a"]}])", two());
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].name, "a");
}

TEST(Select, RefusesNamesThatCannotBe) {
  EXPECT_EQ(error_of(R"([{"op": "select"}])"), "invalid_argument: pipeline[0].names: is required");
  EXPECT_EQ(error_of(R"([{"op": "select", "name": ""}])"), "invalid_argument: pipeline[0]: 'select': name: is empty");
  EXPECT_EQ(error_of(R"([{"op": "select", "name": "a", "names": ["b"]}])"),
            "invalid_argument: pipeline[0].names: unknown key; expected one of name, op");
  EXPECT_EQ(error_of(R"([{"op": "select", "names": []}])"),
            "invalid_argument: pipeline[0]: 'select': names: needs 1..64 names, got 0");
  EXPECT_EQ(error_of(R"([{"op": "select", "names": ["a", 3]}])"),
            "invalid_argument: pipeline[0].names[1]: expected a string, got 3");
  EXPECT_EQ(error_of(R"([{"op": "select", "names": ["a", "a"]}])"),
            "invalid_argument: pipeline[0]: 'select': names: 'a' appears twice");
  EXPECT_EQ(error_of(R"([{"op": "select", "names": ["a", "b"], "as": ["c"]}])"),
            "invalid_argument: pipeline[0]: 'select': as: needs a name for each of the 2 names, got 1");
  EXPECT_EQ(error_of(R"([{"op": "select", "names": ["a", "a"], "as": ["c", ""]}])"),
            "invalid_argument: pipeline[0]: 'select': as: a name is empty");
}

// ---- items of tuples

using Number = std::int64_t;
using Numbers = std::tuple<Number, std::string>;

std::string name_of(Number number) {
  return std::to_string(number);
}

/// Ops whose types differ, so that only the right item fits.
Registry item_registry() {
  Registry registry;
  registry.add<Number, std::string>("test.name", [](ParamReader&) {
    return detail::make_op<Number, std::string>("test.name", 0, "", {}, [](int, Number n) { return name_of(n); });
  });
  registry.add<Numbers, Number>("test.sum", [](ParamReader&) {
    return detail::make_op<Numbers, Number>("test.sum", 0, "", {}, [](int, const Numbers& both) {
      return std::get<0>(both) + static_cast<Number>(std::get<1>(both).size());
    });
  });
  return registry;
}

TEST(SelectItem, IsOfATupleThatAForkBehindIsGiven) {
  // the first fork learns from the first op of a branch of the second what its tuple is
  const std::string json = R"([{"op": "fork", "branches": [[], [{"op": "test.name"}]]},
                               {"op": "fork", "branches": [[{"op": "select", "item": 1}],
                                                           [{"op": "fork", "branches": [[{"op": "test.sum"}]]}],
                                                           [{"op": "select", "item": 0}, {"op": "test.name"}]]}])";
  using Out = std::tuple<std::string, std::tuple<Number>, std::string>;
  const auto parsed = parse_stages<Number, Out>(json, item_registry());
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(run(*parsed, Number{123}).value(), Out("123", std::tuple<Number>(126), "123"));
  const auto typed =
      stage("both", [](Number n) { return Numbers(n, name_of(n)); }) | fork(select<1, Numbers>(), select<0, Numbers>());
  EXPECT_EQ(run(typed, Number{7}).value(), (std::tuple<std::string, Number>("7", 7)));
  EXPECT_THAT(compile(typed, runtime()).value().explain(), testing::HasSubstr("select(item=1)"));
}

TEST(SelectItem, RefusesWhatIsNoItem) {
  const auto error = [](const std::string& op) {
    const auto chain = parse_stages<Numbers, Number>("[" + op + "]", item_registry());
    return chain ? "" : chain.error().to_string();
  };
  EXPECT_EQ(error(R"({"op": "select", "item": 0})"), "");
  EXPECT_THAT(error(R"({"op": "select", "item": 2})"), testing::HasSubstr("pipeline[0].item: must be 0..1 of tuple<"));
  EXPECT_THAT(error(R"({"op": "select", "item": -1})"), testing::HasSubstr("pipeline[0].item: must be 0..1 of tuple<"));
  EXPECT_THAT(error(R"({"op": "select", "item": 0, "name": "a"})"),
              testing::HasSubstr("pipeline[0].name: unknown key"));
  EXPECT_THAT(error(R"({"op": "select", "item": 1})"), testing::HasSubstr("is wanted"));
  const auto no_tuple = parse_stages<Number, Number>(R"([{"op": "select", "item": 0}])", item_registry());
  EXPECT_THAT(no_tuple, FailsWith(ErrorCode::kInvalidArgument, "takes a tuple whose types are known"));
  const std::string fork = R"({"op": "fork", "branches": [[], [{"op": "test.name"}]]}, )";
  for (const std::string behind :
       {R"({"op": "select", "item": 1})", R"({"op": "fork", "branches": [[{"op": "select", "item": 1}]]})"}) {
    const auto untold = detail::parse_stages("[" + fork + behind + "]", nullptr, nullptr, item_registry(), {});
    EXPECT_THAT(untold, FailsWith(ErrorCode::kInvalidArgument, "takes a tuple whose types are known"));
  }
}

TEST(Bundle, NamesTheTensorsOfATuple) {
  const Tensors got = both(bundle("a", "b"), R"([{"op": "bundle", "names": ["a", "b"]}])", Pair(row({1}), row({2})));
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[1].name, "b");
  EXPECT_EQ(values_of(got[1].tensor), (Floats{2}));
}

TEST(Bundle, NamesTheTensorsOfAList) {
  const std::string json = R"([{"op": "bundle", "names": ["a", "b"]}])";
  const Tensors got = both(bundle_list({"a", "b"}), json, std::vector<Tensor>{row({1}), row({2})});
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(values_of(got[0].tensor), (Floats{1}));
  EXPECT_THAT(run(bundle_list({"a", "b"}), std::vector<Tensor>{row({1})}),
              FailsWith(ErrorCode::kInvalidArgument, "stage 'bundle': expected 2 tensors, got 1"));
}

TEST(Bundle, RefusesWhatIsNoTupleOfAsManyTensors) {
  EXPECT_EQ(error_of(R"([{"op": "bundle", "names": ["a", "a"]}])"),
            "invalid_argument: pipeline[0]: 'bundle': names: 'a' appears twice");
  EXPECT_EQ(error_of(R"([{"op": "bundle", "names": []}])"),
            "invalid_argument: pipeline[0].names: needs 1..16 names of a tuple's tensors, got 0");
  using Mixed = std::tuple<Tensor, Tensors>;
  EXPECT_THAT((parse_stages<Mixed, Tensors>(R"([{"op": "bundle", "names": ["a", "b"]}])", Registry())),
              FailsWith(ErrorCode::kInvalidArgument, "'bundle' takes a tuple or list of Tensor, but"));
  EXPECT_THAT((parse_stages<Pair, Tensors>(R"([{"op": "bundle", "names": ["a"]}])", Registry())),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].names: has 1 names, but the tuple has 2 tensors"));
}

TEST(Pass, KeepsTheInputOfAFork) {
  const auto typed = fork(pass<Tensors>() | select("a"), select("b")) | bundle("x", "y");
  const auto got =
      both(typed,
           R"([{"op": "fork", "branches": [[{"op": "select", "name": "a"}], [{"op": "select", "name": "b"}]]},
                            {"op": "bundle", "names": ["x", "y"]}])",
           two());
  EXPECT_EQ(values_of(got[0].tensor), (Floats{1, 2}));
  const auto input_and_half = fork(pass<Tensor>(), stage("half", [](const Tensor& x) { return x; }));
  const auto pair = run(input_and_half, row({1, 2}));
  ASSERT_THAT(pair, IsOk());
  EXPECT_EQ(values_of(std::get<0>(*pair)), (Floats{1, 2}));
}

TEST(Pass, IsAnEmptyBranchOfAConfig) {
  using test::Int;
  using Ints = std::tuple<Int, Int>;
  const auto registry = test::make_registry();
  for (const std::string branches : {R"([[], [{"op": "test.add"}]])", R"([[{"op": "test.add"}], []])"}) {
    const auto chain = parse_stages<Int, Ints>(R"([{"op": "fork", "branches": )" + branches + "}]", registry);
    ASSERT_THAT(chain, IsOk());
    const auto got = run(*chain, Int{5}).value();
    EXPECT_EQ(std::get<0>(got) + std::get<1>(got), 5 + 6);
    EXPECT_EQ(std::get<0>(got) == 5, branches[1] == '[' && branches[2] == ']');
    const auto untyped =
        detail::parse_stages(R"([{"op": "fork", "branches": )" + branches + "}]", nullptr, nullptr, registry, {});
    ASSERT_THAT(untyped, IsOk()) << "a branch that is not empty says what the others pass on";
    EXPECT_TRUE(detail::same_type(*(*untyped)->in, detail::type_of<Int>()));
  }
  EXPECT_EQ(error_of(R"([{"op": "fork", "branches": [[], []]}])"),
            "invalid_argument: pipeline[0].branches: all branches are empty, and the type of their input is unknown");
  EXPECT_THAT((parse_stages<Int, std::tuple<Int, std::string>>(
                  R"([{"op": "fork", "branches": [[{"op": "test.add"}], []]}])", registry)),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].branches[1]: gives long, but std::"));
}

/// x:f32[batch,2] -> y, times `factor`.
Model model_of(float factor, const Signature& signature = test::row_signature()) {
  const auto script = std::make_shared<test::FakeScript>();
  script->factor = factor;
  return test::make_fake_model(script, runtime(), 0, 16, signature);
}

TEST(SeveralModels, AreToldApartByName) {
  ConfigContext context;
  context.models.emplace("double", model_of(2));
  context.models.emplace("triple", model_of(3));
  const auto chain = parse_stages<Tensor, Tensor>(
      R"([{"op": "model", "name": "double"}, {"op": "model", "name": "triple"}, {"op": "model", "name": "double"}])",
      Registry(), context);
  ASSERT_THAT(chain, IsOk());
  EXPECT_EQ(values_of(run(*chain, row({1, 2})).value()), (Floats{12, 24}));
  EXPECT_THAT(run(*chain, row({1, 2, 3})),
              FailsWith(ErrorCode::kInvalidArgument, "stage 'model' > model 'double': expected x: f32[2], got f32[3]"));
  EXPECT_EQ(error_of(R"([{"op": "model"}])", context),
            "invalid_argument: pipeline[0]: there are several models: name one of 'double', 'triple'");
  EXPECT_EQ(error_of(R"([{"op": "model", "name": "half"}])", context),
            "invalid_argument: pipeline[0].name: there is no model 'half'; there are 'double', 'triple'");
}

TEST(SeveralModels, AnEncoderWithAHeadNeedsNoCallable) {
  ConfigContext context;
  context.models.emplace("encoder", model_of(2, Signature::parse("x:f32[batch,2]", "y:f32[batch,2]").value()));
  const auto script = std::make_shared<test::FakeScript>();
  script->compute = [](const Tensors& inputs) -> Result<Tensors> {
    Tensor sum = inputs.find("features")->clone().value();
    const auto image = inputs.find("image")->values<float>().value();
    const auto values = sum.mutable_values<float>().value();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += image[i];
    return Tensors{{"score", sum}};
  };
  const auto signature = Signature::parse("features:f32[batch,2]; image:f32[batch,2]", "score:f32[batch,2]").value();
  context.models.emplace("head", test::make_fake_model(script, runtime(), 0, 16, signature));
  const std::string json = R"([
    {"op": "fork", "branches": [[{"op": "model", "name": "encoder"}], []]},
    {"op": "bundle", "names": ["features", "image"]}, {"op": "model", "name": "head"}])";
  const auto typed = fork(context.models.at("encoder").stage(), pass<Tensor>()) | bundle("features", "image") |
                     context.models.at("head").stage<Tensors, Tensor>();
  EXPECT_EQ(values_of(both(typed, json, row({1, 2}), context)), (Floats{3, 6}));
  const auto untyped = detail::parse_stages(json, nullptr, nullptr, Registry(), context);
  ASSERT_THAT(untyped, IsOk());
  EXPECT_EQ((*untyped)->in->name(), "Tensor");
}

TEST(SeveralModels, OneOutputIsTensorsWhereTheNextOpTakesThem) {
  ConfigContext context;
  context.models.emplace("net", model_of(2));
  const auto chain =
      parse_stages<Tensor, Tensor>(R"([{"op": "model"}, {"op": "select", "name": "y"}])", Registry(), context);
  ASSERT_THAT(chain, IsOk());
  EXPECT_EQ(values_of(run(*chain, row({1, 2})).value()), (Floats{2, 4}));
}

const std::string kSum = R"([{"op": "fork", "branches": [[{"op": "select", "name": "count"}, {"op": "test.add"}],
                                                          [{"op": "select", "name": "word"}]]}])";

ConfigContext named_inputs() {
  ConfigContext context;
  context.inputs = {"word", "count"};
  return context;
}

TEST(SeveralInputs, AreATupleFromWhichSelectTakesOne) {
  using In = std::tuple<std::string, test::Int>;
  using Out = std::tuple<test::Int, std::string>;
  const auto registry = test::make_registry();
  const auto chain = parse_stages<In, Out>(kSum, registry, named_inputs());
  ASSERT_THAT(chain, IsOk());
  EXPECT_EQ(run(*chain, In("a", 5)).value(), Out(6, "a"));
  const auto typed = fork(select<1, In>("count") | test::add(1), select<0, In>("word"));
  EXPECT_EQ(compile(typed, runtime()).value().explain(), compile(*chain, runtime()).value().explain());
  EXPECT_EQ(run(typed, In("a", 5)).value(), Out(6, "a"));
}

TEST(SeveralInputs, HaveTheTypesThatTheOpsBehindThemTake) {
  const auto registry = test::make_registry();
  auto parsed = detail::parse_pipeline(kSum, nullptr, &detail::type_of<std::tuple<test::Int, std::string>>(), registry,
                                       named_inputs());
  ASSERT_THAT(parsed, IsOk());
  ASSERT_EQ(parsed->inputs.size(), 2u);
  EXPECT_EQ(parsed->inputs[0].name, "word");
  EXPECT_TRUE(detail::same_type(*parsed->inputs[0].type, detail::type_of<std::string>()));
  EXPECT_TRUE(detail::same_type(*parsed->inputs[1].type, detail::type_of<test::Int>()));

  const auto core = detail::PipelineCore::compile(parsed->root, runtime()).value();
  const auto run_with = [&](auto word, auto count) {
    std::vector<detail::Value> values;
    values.emplace_back(std::move(word));
    values.emplace_back(std::move(count));
    return core->run(detail::join_inputs(*parsed->root->in, parsed->inputs, std::move(values)), {});
  };
  auto result = run_with(std::string("a"), test::Int{5});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ((result->get<std::tuple<test::Int, std::string>>()), (std::tuple<test::Int, std::string>(6, "a")));
  EXPECT_THAT(run_with(std::string("a"), 5.0),
              FailsWith(ErrorCode::kInvalidArgument, "stage 'select': expected long as item 1, got double"));
}

TEST(SeveralInputs, MayBeTensorsByName) {
  ConfigContext context;
  context.inputs = {"a", "b"};
  const std::string json = R"([{"op": "select", "name": "b"}])";
  const auto chain = parse_stages<Tensors, Tensor>(json, Registry(), context);
  ASSERT_THAT(chain, IsOk());
  EXPECT_EQ(values_of(run(*chain, two()).value()), (Floats{3, 4}));
}

/// Whether their types are stated when the config is read, or of the pipeline that was made of it.
TEST(SeveralInputs, AreOneTensorForEachName) {
  ConfigContext context;
  context.inputs = {"a", "b"};
  const std::string json = R"([{"op": "fork", "branches": [[{"op": "select", "name": "a"}, {"op": "test.same"}],
                                                           [{"op": "select", "name": "b"}, {"op": "test.same"}]]}])";
  Registry registry;
  registry.add<Tensor, Tensor>("test.same",
                               [](ParamReader&) { return stage("same", [](const Tensor& tensor) { return tensor; }); });
  CompileOptions options(runtime());
  options.name = "both";
  const auto chain = parse_stages<Tensors, Pair>(json, registry, context).value();
  const auto any = compile_any(json, registry, context, options).value();
  const Tensor row_a = row({1, 2}), row_b = row({3, 4});
  for (const auto& pipeline : {compile(chain, options).value(), any.as<Tensors, Pair>().value(),
                               compile(any.as<Tensors, Pair>().value().stage(), options).value()}) {
    EXPECT_EQ(values_of(std::get<1>(pipeline.run({{"b", row_b}, {"a", row_a}}).value())), (Floats{3, 4}));
    const auto refused = [](const std::string& what) {
      return FailsWith(ErrorCode::kInvalidArgument,
                       "the pipeline takes one tensor for each of its inputs 'a', 'b': " + what);
    };
    EXPECT_THAT(pipeline.run({{"a", row_a}}), refused("'b' is missing"));
    EXPECT_THAT(pipeline.run({}), refused("'a' is missing"));
    EXPECT_THAT(pipeline.run({{"a", row_a}, {"b", row_b}, {"c", row_b}}), refused("there is no 'c'"));
    EXPECT_THAT(pipeline.run({{"a", row_a}, {"a", row_b}, {"b", row_b}}), refused("'a' is there twice"));
    EXPECT_THAT(pipeline.run({{"a", row_a}}), FailsWith(ErrorCode::kInvalidArgument, "pipeline 'both'"));
    EXPECT_THAT(pipeline.submit({{"a", row_a}}).get(), refused("'b' is missing"));
    const std::vector<Tensors> batch = {{{"a", row_a}, {"b", row_b}}, {{"a", row_a}}, {{"b", row_a}, {"a", row_b}}};
    const auto results = pipeline.run_batch(batch);
    ASSERT_EQ(results.size(), 3u);
    EXPECT_EQ(values_of(std::get<0>(results[0].value())), (Floats{1, 2}));
    EXPECT_THAT(results[1], refused("'b' is missing"));
    EXPECT_EQ(values_of(std::get<0>(results[2].value())), (Floats{3, 4}));
  }
}

TEST(SeveralInputs, RefuseWhatDoesNotFitThem) {
  const auto registry = test::make_registry();
  using Int = test::Int;
  EXPECT_THAT(
      (parse_stages<Int, Int>(kSum, registry, named_inputs())),
      FailsWith(ErrorCode::kInvalidArgument,
                "the pipeline has the inputs 'word', 'count': it takes a tuple of 2 or Tensors, but In is long"));
  const auto error = [&](const std::string& json) {
    const auto node = detail::parse_stages(json, nullptr, nullptr, registry, named_inputs());
    return node ? "" : node.error().to_string();
  };
  EXPECT_EQ(error(R"([{"op": "select", "name": "words"}, {"op": "test.add"}])"),
            "invalid_argument: pipeline[0].name: the pipeline has no input 'words'; it has 'word', 'count'");
  EXPECT_EQ(error(R"([{"op": "select", "name": "count"}, {"op": "test.add"}])"),
            "invalid_argument: no op selects input 'word' of the pipeline");
  EXPECT_EQ(error(R"([{"op": "select", "name": "count"}])"),
            "invalid_argument: pipeline[0]: the type of input 'count' is unknown: no op after its select states the "
            "type that it takes");
  // What stands behind it would say so, but for a mistake of its own.
  EXPECT_EQ(error(R"([{"op": "select", "name": "count"}, {"op": "model", "name": "head"}])"),
            "invalid_argument: pipeline[1].name: there is no model 'head': this config has no model");
  EXPECT_THAT(error(R"([{"op": "select", "name": "count"}, {"op": "test.ad"}])"),
              testing::StartsWith("invalid_argument: pipeline[1].op: unknown op 'test.ad'; known are"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
