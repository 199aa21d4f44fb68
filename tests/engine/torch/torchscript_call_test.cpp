// SPDX-License-Identifier: Apache-2.0
// How a signature meets forward(): hooks, names, nested results, fixed arguments.
#include <gtest/gtest.h>

#include <fstream>

#include "engine/torch/engine_fixtures.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

Signature gives(const std::string& outputs) {
  return Signature::parse("x:f32[batch,2]", outputs).value();
}

Result<Tensors> run_once(const std::string& file, const Signature& signature, const Tensors& inputs,
                         const libtorch::Options& options = {}) {
  auto engine = load_engine(file, signature, options);
  if (!engine) return std::move(engine).error();
  return (*engine)->make_instance(1).value()->run(inputs, {});
}

class ModelsWithHooks : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Each, ModelsWithHooks,
                         testing::Values("hook", "pre-hook", "hooks", "hooks-inside", "hooks-state"));

TEST_P(ModelsWithHooks, AnswerAsPythonDoes) {
  std::ifstream file(model_file(std::string(GetParam()) + ".txt"));
  std::vector<float> expected(2);
  ASSERT_TRUE(file >> expected[0] >> expected[1]);
  const auto outputs = run_once(std::string(GetParam()) + ".ts", row_signature(), x_of({1, 2}));
  ASSERT_THAT(outputs, IsOk());
  EXPECT_THAT(output_of(outputs), ElementsAreArray(expected));
}

TEST(Hooks, TakeSeveralArgumentsAndGiveAnotherResult) {
  const auto signature =
      Signature::parse("x:f32[batch,2]; y:f32[batch,2]", "less:f32[batch,2]; y:f32[batch,2]").value();
  const auto outputs = run_once("hook-pair.ts", signature, {{"x", rows({1, 2})}, {"y", rows({10, 20})}});
  ASSERT_THAT(outputs, IsOk());
  EXPECT_THAT(values_of((*outputs)[0].tensor), ElementsAre(9, 18));
  EXPECT_THAT(values_of((*outputs)[1].tensor), ElementsAre(10, 20));
}

TEST(Hooks, ArePartOfAFrozenModel) {
  EXPECT_THAT(load_engine("hooks-inside.ts").value()->info().description, testing::Not(HasSubstr("not frozen")));
}

TEST(Names, FieldsOfANamedTupleGoByName) {
  const auto signature = gives("scores:f32[batch,2]; boxes:f32[batch,2]");
  EXPECT_EQ(load_engine("named-fields.ts", signature).value()->info().matching, "inputs by name, outputs by name");
  const auto outputs = run_once("named-fields.ts", signature, x_of({1, 2})).value();
  EXPECT_THAT(values_of(*outputs.find("boxes")), ElementsAre(2, 3));
  EXPECT_THAT(values_of(*outputs.find("scores")), ElementsAre(3, 4));
  EXPECT_THAT(output_of(run_once("named-fields.ts", gives("scores:f32[batch,2]"), x_of({1, 2}))), ElementsAre(3, 4));
}

TEST(Names, FieldsOfANamedTupleGoByPositionIfNoNameIsOne) {
  const auto signature = gives("a:f32[batch,2]; b:f32[batch,2]");
  EXPECT_EQ(load_engine("named-fields.ts", signature).value()->info().matching, "inputs by name, outputs by position");
  EXPECT_THAT(values_of(*run_once("named-fields.ts", signature, x_of({1, 2})).value().find("b")), ElementsAre(3, 4));
}

TEST(Names, OfWhichSomeAreTheModelsAreRefused) {
  const auto outputs = load_engine("named-fields.ts", gives("boxes:f32[batch,2]; classes:f32[batch,2]"));
  EXPECT_THAT(outputs, FailsWith(ErrorCode::kInvalidArgument, "'classes'"));
  EXPECT_THAT(outputs.error().message(), AllOf(HasSubstr("boxes, scores"), HasSubstr("boxes, classes")));
  EXPECT_THAT(load_engine("named.ts", gives("first:f32[batch,2]; third:f32[batch,2]")),
              FailsWith(ErrorCode::kInvalidArgument, "no 'third'"));
  const auto inputs = Signature::parse("y:f32[batch,2]; z:f32[batch,2]", "out:f32[batch,2]").value();
  EXPECT_THAT(load_engine("difference.ts", inputs), FailsWith(ErrorCode::kInvalidArgument, "no 'z'"));
}

TEST(Names, EntriesOfADictGoByPositionIfNoNameIsOne) {
  const auto outputs = run_once("named.ts", gives("a:f32[batch,2]; b:f32[batch,2]"), x_of({1, 2})).value();
  EXPECT_THAT(values_of(*outputs.find("a")), ElementsAre(3, 4));
}

const char* const kNested = "1.0.boxes:f32[batch,2]; 1.1.score:f32[batch,2]; 2.scores:f32[batch,2]; 0:f32[batch,2]";

TEST(NestedResults, GoByPath) {
  const auto engine = load_engine("nested.ts", gives(kNested)).value();
  EXPECT_EQ(engine->info().matching, "inputs by name, outputs by name");
  const auto outputs = engine->make_instance(1).value()->run(x_of({1, 2}), {}).value();
  EXPECT_THAT(values_of(outputs[0].tensor), ElementsAre(2, 3));
  EXPECT_THAT(values_of(outputs[1].tensor), ElementsAre(5, 6));
  EXPECT_THAT(values_of(outputs[2].tensor), ElementsAre(7, 8));
  EXPECT_THAT(values_of(outputs[3].tensor), ElementsAre(1, 2));
}

TEST(NestedResults, GoByPositionIfNoPathIsAName) {
  const std::string out = ":f32[batch,2]; ";
  const auto signature =
      gives("a" + out + "b" + out + "c" + out + "d" + out + "e" + out + "f" + out + "g:f32[batch,2]");
  const auto outputs = run_once("nested.ts", signature, x_of({1, 2})).value();
  for (std::size_t i = 0; i < outputs.size(); ++i) EXPECT_THAT(values_of(outputs[i].tensor), ElementsAre(1 + i, 2 + i));
}

TEST(NestedResults, OfAnLstmAreItsStates) {
  const auto signature = gives("1.1:f32[1,batch,3]; 0:f32[batch,1,3]; 1.0:f32[1,batch,3]");
  const auto outputs = run_once("lstm.ts", signature, x_of({1, 2}));
  ASSERT_THAT(outputs, IsOk());
  EXPECT_EQ(values_of(*outputs->find("0")), values_of(*outputs->find("1.0")));
  EXPECT_NE(values_of(*outputs->find("0")), values_of(*outputs->find("1.1")));
}

TEST(NestedResults, ThatTheCodeDoesNotTellAreLookedThroughInEachCall) {
  const auto signature = gives("1.boxes:f32[batch,2]; 0.a.b:f32[batch,2]");
  const auto engine = load_engine("nested-at-run-time.ts", signature).value();
  EXPECT_EQ(engine->info().matching, "inputs by name, outputs by name");
  const auto instance = engine->make_instance(1).value();
  const auto outputs = instance->run(x_of({2, 5}), {}).value();
  EXPECT_THAT(values_of(outputs[0].tensor), ElementsAre(3, 6));
  EXPECT_THAT(values_of(outputs[1].tensor), ElementsAre(2, 5));
  const auto fewer = instance->run(x_of({1, 5}), {});
  EXPECT_THAT(fewer, FailsWith(ErrorCode::kModelError, "no tensor '1.boxes'"));
  EXPECT_THAT(fewer.error().message(), HasSubstr("it has '0.boxes', '0.a.b'"));
  EXPECT_THAT(instance->run(x_of({0, 5}), {}), FailsWith(ErrorCode::kModelError, "it has none"));
}

TEST(NestedResults, NoneGivesNoTensor) {
  const auto engine = load_engine("maybe.ts", gives("a:f32[batch,2]; b:f32[batch,2]")).value();
  const auto both = engine->make_instance(1).value();
  EXPECT_THAT(values_of(both->run(x_of({500, 1}), {}).value()[1].tensor), ElementsAre(501, 2));
  EXPECT_THAT(both->run(x_of({1, 2}), {}), FailsWith(ErrorCode::kModelError, "output 'b' is a None"));
  EXPECT_THAT(output_of(run_once("maybe.ts", gives("a:f32[batch,2]"), x_of({1, 2}))), ElementsAre(1, 2));
  EXPECT_THAT(output_of(run_once("maybe.ts", gives("a:f32[batch,2]"), x_of({500, 2}))), ElementsAre(500, 2));
}

TEST(NestedResults, OfTypeAnyAreTakenAsTheyCome) {
  const auto engine = load_engine("either.ts", gives("a:f32[batch,2]")).value();
  const auto instance = engine->make_instance(1).value();
  EXPECT_THAT(output_of(instance->run(x_of({1, 2}), {})), ElementsAre(1, 2));
  EXPECT_THAT(output_of(instance->run(x_of({-1, 2}), {})), ElementsAre(0, 3));
  EXPECT_THAT(instance->run(x_of({0, 2}), {}), FailsWith(ErrorCode::kModelError, "gave 2 outputs"));
}

TEST(NestedResults, OfAFlatTupleHaveIndices) {
  const auto outputs = run_once("three.ts", gives("1:f32[batch,2]; 0:f32[batch,2]; 2:f32[batch,2]"), x_of({1, 1}));
  ASSERT_THAT(outputs, IsOk());
  EXPECT_THAT(values_of((*outputs)[0].tensor), ElementsAre(2, 2));
  EXPECT_THAT(values_of((*outputs)[1].tensor), ElementsAre(1, 1));
}

TEST(Methods, ThatForwardCallsMayFail) {
  const auto engine = load_engine("calls-itself.ts", row_signature()).value();
  EXPECT_EQ(engine->info().description.find("not frozen"), std::string::npos);
  const auto instance = engine->make_instance(1).value();
  EXPECT_THAT(output_of(instance->run(x_of({1, 2}), {})), ElementsAre(3, 3));
  EXPECT_THAT(instance->run(x_of({5, 2}), {}), FailsWith(ErrorCode::kModelError, "out of"));
  EXPECT_THAT(output_of(instance->run(x_of({0, 2}), {})), ElementsAre(1, 1));
}

libtorch::Options with_arguments(OptionValue::Object arguments) {
  libtorch::Options options;
  options.arguments = std::move(arguments);
  return options;
}

OptionValue::Object settings() {
  return {{"rate", std::int64_t{3}}, {"scale", 0.5}, {"is_negative", false}};
}

TEST(FixedArguments, ReachTheModel) {
  auto arguments = settings();
  const auto answer = [&] {
    return output_of(run_once("settings.ts", row_signature(), x_of({1, 2}), with_arguments(arguments)));
  };
  EXPECT_THAT(answer(), ElementsAre(1.5f, 3));
  arguments.at("scale") = std::int64_t{2};  // an int serves for a float
  EXPECT_THAT(answer(), ElementsAre(6, 12));
  arguments.insert_or_assign("mode", "square");
  EXPECT_THAT(answer(), ElementsAre(36, 144));
  arguments.insert_or_assign("limit", 100);
  EXPECT_THAT(answer(), ElementsAre(36, 100));
  arguments.insert_or_assign("is_negative", true);
  arguments.insert_or_assign("mode", "sum");
  EXPECT_THAT(answer(), ElementsAre(-6, -12));
}

TEST(FixedArguments, ThatTheModelDoesNotHaveOrOfAnotherTypeAreRefused) {
  const auto load = [](const char* name, const OptionValue& value) {
    auto arguments = settings();
    arguments.insert_or_assign(name, value);
    return load_engine("settings.ts", row_signature(), with_arguments(arguments));
  };
  const auto refused = [](const char* text) { return FailsWith(ErrorCode::kInvalidArgument, std::string(text)); };
  EXPECT_THAT(load("speed", 1.0), refused("'speed'"));
  EXPECT_THAT(load("speed", 1.0).error().message(), AllOf(HasSubstr("'rate' (int)"), HasSubstr("'mode' (str")));
  EXPECT_THAT(load("rate", 1.5), refused("is a float, the model wants int"));
  EXPECT_THAT(load("rate", true), refused("is a bool, the model wants int"));
  EXPECT_THAT(load("is_negative", std::int64_t{1}), refused("is an int, the model wants bool"));
  EXPECT_THAT(load("mode", false), refused("the model wants str"));
  EXPECT_THAT(load("limit", std::string("5")), refused("is a str"));
  EXPECT_THAT(load("x", 1.0), refused("'x' is the name of an input"));
  EXPECT_THAT(load("rate", OptionValue::List{1}), refused("'rate': expected true, false, a 64-bit integer"));
  EXPECT_THAT(load("", 1), refused("an argument has no name"));
}

TEST(FixedArguments, ThatAreMissingAreNamed) {
  auto arguments = settings();
  arguments.erase("rate");
  const auto engine = load_engine("settings.ts", row_signature(), with_arguments(arguments));
  EXPECT_THAT(engine, FailsWith(ErrorCode::kInvalidArgument, "needs the argument 'rate'"));
  EXPECT_THAT(engine.error().message(), AllOf(HasSubstr("libtorch::Options::arguments"), HasSubstr("\"arguments\"")));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
