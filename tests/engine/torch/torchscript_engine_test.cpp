// SPDX-License-Identifier: Apache-2.0
// TorchScript models: answers, concurrency, bad requests, models that fail, and what a model may not do to the caller.
#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "engine/torch/engine_fixtures.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

Signature mlp_signature() {
  return Signature::parse("features:f32[batch,4]", "scores:f32[batch,3]").value();
}

Model tiny_mlp(const ModelOptions& options) {
  return libtorch::load(package_file("tiny-mlp", "model.ts"), mlp_signature(), options).value();
}

TEST(TorchScript, EqualsTheAnswersOfPython) {
  const Model model = tiny_mlp(on(make_runtime(1)));
  for (const char* number : {"0", "1", "2"}) {
    const auto outputs = model.run({{"features", golden("tiny-mlp", std::string(number) + "/input.npy")}});
    ASSERT_THAT(outputs, IsOk());
    const auto expected = values_of(golden("tiny-mlp", std::string(number) + "/0.npy"));
    EXPECT_THAT(output_of(outputs), Pointwise(FloatNear(1e-6f), expected));
  }
}

TEST(TorchScript, EqualsTheAnswersOfPythonWithSeveralNamedInputsAndOutputs) {
  const auto signature =
      Signature::parse("features:f32[batch,3]; item:i64[batch]", "joined:f32[batch,3]; best:i64[batch]").value();
  const Model model = libtorch::load(package_file("two-inputs", "model.ts"), signature, on(make_runtime(1))).value();
  // In another order than the signature's.
  const auto outputs =
      model.run({{"item", golden("two-inputs", "0/input.1.npy")}, {"features", golden("two-inputs", "0/input.0.npy")}});
  ASSERT_THAT(outputs, IsOk());
  EXPECT_THAT(values_of(*outputs->find("joined")),
              Pointwise(FloatNear(1e-6f), values_of(golden("two-inputs", "0/0.0.npy"))));
  EXPECT_EQ(outputs->find("best")->values<std::int64_t>().value()[0],
            golden("two-inputs", "0/0.1.npy").values<std::int64_t>().value()[0]);
}

TEST(TorchScript, DescribesItself) {
  const Model model = tiny_mlp(on(make_runtime(1)));
  EXPECT_EQ(model.info().kind, "torchscript");
  EXPECT_EQ(model.info().description, "TorchScript, LibTorch " + libtorch::version() + ", cpu");
  EXPECT_FALSE(model.info().mutates_inputs);
  EXPECT_EQ(model.name(), "model.ts");
}

TEST(TorchScript, EightThreadsGetTheAnswersOfOne) {
  for (const Execution execution : {Execution::kPooled, Execution::kCaller}) {
    const auto signature = Signature::parse("x:f32[batch,256]", "y:f32[batch,256]").value();
    const Model model = libtorch::load(model_file("matmul.ts"), signature, on(make_runtime(4, execution))).value();
    std::vector<float> values(4 * 256);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i));
    const Tensors inputs = {{"x", Tensor::from<float>(Span<const float>(values), {4, 256}).value()}};
    const auto expected = output_of(model.run(inputs));
    std::vector<std::thread> threads;
    std::atomic<int> equal{0};
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        for (int run = 0; run < 25; ++run) equal += output_of(model.run(inputs)) == expected;
      });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(equal, 8 * 25);
  }
}

TEST(TorchScript, RefusesRequestsThatTheSignatureDoesNotAllow) {
  const Model model = tiny_mlp(on(make_runtime(1)));
  const Tensor good = Tensor::zeros(DType::kF32, {1, 4}).value();
  const auto run = [&](const Tensors& inputs) { return model.run(inputs); };
  const auto refused = [](const char* text) { return FailsWith(ErrorCode::kInvalidArgument, std::string(text)); };
  EXPECT_THAT(run({{"features", Tensor::zeros(DType::kF64, {1, 4}).value()}}), refused("f64"));
  EXPECT_THAT(run({{"features", Tensor::zeros(DType::kF32, {4}).value()}}), refused("features"));
  EXPECT_THAT(run({{"features", Tensor::zeros(DType::kF32, {1, 5}).value()}}), refused("5"));
  EXPECT_THAT(run({{"featurez", good}}), refused("missing"));
  EXPECT_THAT(run({{"features", good}, {"more", good}}), refused("more"));
  EXPECT_THAT(run({}), refused("features"));
  EXPECT_THAT(run({{"features", good}}), IsOk());
}

struct Failure {
  const char* file;
  ErrorCode code;
  const char* text;
};

class ModelsThatFail : public testing::TestWithParam<Failure> {};

TEST_P(ModelsThatFail, SaySoAndServeTheNextCall) {
  const Model model = load_rows(GetParam().file, on(make_runtime(1))).value();
  for (int i = 0; i < 3; ++i) {
    const auto failed = model.run(x_of({1, 2, 300, 4}));
    EXPECT_THAT(failed, FailsWith(GetParam().code, std::string(GetParam().text)));
    EXPECT_EQ(failed.error().message().find("frame #"), std::string::npos);
    EXPECT_EQ(failed.error().message().find('\n'), std::string::npos);
    EXPECT_THAT(output_of(model.run(x_of({1, 2}))), ElementsAre(2, 4));
  }
}

INSTANTIATE_TEST_SUITE_P(Each, ModelsThatFail,
                         testing::Values(Failure{"throws.ts", ErrorCode::kModelError, "the input is too hot"},
                                         Failure{"bad-matrix.ts", ErrorCode::kModelError, "(2x2 and 7x7)"},
                                         Failure{"hungry.ts", ErrorCode::kResourceExhausted, "memory"},
                                         Failure{"wrong-shape.ts", ErrorCode::kModelError, "[2, 3]"},
                                         Failure{"wrong-dtype.ts", ErrorCode::kModelError, "f64"}));

TEST(TorchScript, LetsNanAndInfinityPass) {
  const Model model = load_rows("identity.ts", on(make_runtime(1))).value();
  const auto values = output_of(model.run(x_of({std::nanf(""), std::numeric_limits<float>::infinity()})));
  EXPECT_TRUE(std::isnan(values[0]));
  EXPECT_EQ(values[1], std::numeric_limits<float>::infinity());
}

TEST(TorchScript, DoesNotLetAModelWriteToTheCallersTensor) {
  const Model model = load_rows("mutates.ts", on(make_runtime(1))).value();
  EXPECT_TRUE(model.info().mutates_inputs);
  EXPECT_THAT(model.info().description, HasSubstr("may write"));
  const Tensors inputs = x_of({1, 2});
  EXPECT_THAT(output_of(model.run(inputs)), ElementsAre(4, 6));
  EXPECT_THAT(values_of(inputs[0].tensor), ElementsAre(1, 2));
}

TEST(TorchScript, KnowsThatAModelWritesToItsInputsThroughListsAndForks) {
  for (const char* file : {"mutates-in-list.ts", "mutates-in-fork.ts", "mutates-what-it-forked.ts"})
    EXPECT_TRUE(load_engine(file).value()->info().mutates_inputs) << file;
}

TEST(TorchScript, GivesAnOutputThatIsItsInputAsACopy) {
  const Model model = load_rows("identity.ts", on(make_runtime(1))).value();
  Tensors inputs = x_of({1, 2});
  const auto outputs = model.run(inputs).value();
  inputs[0].tensor.mutable_values<float>().value()[0] = 99;
  EXPECT_THAT(values_of(outputs[0].tensor), ElementsAre(1, 2));
}

TEST(TorchScript, GivesAWeightAsACopy) {
  const auto signature = Signature::parse("x:f32[batch,2]", "w:f32[2]").value();
  const Model model = libtorch::load(model_file("weight.ts"), signature, on(make_runtime(1))).value();
  auto outputs = model.run(x_of({1, 2})).value();
  outputs[0].tensor.mutable_values<float>().value()[0] = 99;
  EXPECT_THAT(output_of(model.run(x_of({1, 2}))), ElementsAre(5, 6));
}

TEST(TorchScript, GivesASmallPartOfALargeBlockAsACopy) {
  const Model model = load_rows("small-slice.ts", on(make_runtime(1))).value();
  const auto outputs = model.run(x_of({1, 2})).value();
  EXPECT_THAT(values_of(outputs[0].tensor), ElementsAre(1, 2));
  const auto& held = *static_cast<const at::Tensor*>(outputs[0].tensor.owner().get());  // what from_torch() wraps
  EXPECT_LE(held.storage().nbytes(), 4 * outputs[0].tensor.size_bytes());
}

TEST(TorchScript, GivesContiguousOutputs) {
  const auto signature = Signature::parse("x:f32[batch,2]", "y:f32[2,batch]").value();
  const Model model = libtorch::load(model_file("transposed.ts"), signature, on(make_runtime(1))).value();
  const auto outputs = model.run(x_of({1, 2, 3, 4, 5, 6})).value();
  EXPECT_TRUE(outputs[0].tensor.is_contiguous());
  EXPECT_THAT(values_of(outputs[0].tensor), ElementsAre(2, 6, 10, 4, 8, 12));
}

TEST(TorchScript, KeepsOutputsAliveAfterTheModelIsGone) {
  std::optional<Tensors> outputs;
  outputs = load_rows("throws.ts", on(make_runtime(1))).value().run(x_of({1, 2})).value();
  EXPECT_THAT(values_of((*outputs)[0].tensor), ElementsAre(2, 4));
}

TEST(TorchScript, TakesInputsOfAnyLayoutAndAlignment) {
  const Model model = load_rows("throws.ts", on(make_runtime(1))).value();
  const Tensor columns = rows({1, 2, 3, 4}).permute(std::vector<std::size_t>{1, 0}).value();
  EXPECT_THAT(output_of(model.run({{"x", columns}})), ElementsAre(2, 6, 4, 8));
  auto block = std::make_shared<std::vector<char>>(1 + 2 * sizeof(float));
  const std::vector<float> values = {1, 2};
  std::copy_n(reinterpret_cast<const char*>(values.data()), 2 * sizeof(float), block->data() + 1);
  const Tensor odd = Tensor::wrap(block->data() + 1, DType::kF32, {1, 2}, block).value();
  EXPECT_THAT(output_of(model.run({{"x", odd}})), ElementsAre(2, 4));
}

class OutputsOfEveryForm : public testing::TestWithParam<const char*> {};

TEST_P(OutputsOfEveryForm, ComeInSignatureOrder) {
  const auto signature = Signature::parse("x:f32[batch,2]", "first:f32[batch,2]; second:f32[batch,2]").value();
  const Model model = libtorch::load(model_file(GetParam()), signature, on(make_runtime(1))).value();
  const auto outputs = model.run(x_of({1, 2})).value();
  EXPECT_EQ(outputs[0].name, "first");
  EXPECT_THAT(values_of(outputs[0].tensor), ElementsAre(2, 3));
  EXPECT_THAT(values_of(outputs[1].tensor), ElementsAre(3, 4));
}

INSTANTIATE_TEST_SUITE_P(Each, OutputsOfEveryForm, testing::Values("listed.ts", "tupled.ts", "named.ts"));

TEST(TorchScript, RefusesADictWithoutANameOfTheSignature) {
  const auto signature = Signature::parse("x:f32[batch,2]", "first:f32[batch,2]; third:f32[batch,2]").value();
  EXPECT_THAT(libtorch::load(model_file("named.ts"), signature, on(make_runtime(1))),
              FailsWith(ErrorCode::kInvalidArgument, "no 'third'"));
}

TEST(TorchScript, GivesInputsToArgumentsByName) {
  const auto y = rows({10, 20});
  for (const char* inputs : {"x:f32[batch,2]; y:f32[batch,2]", "y:f32[batch,2]; x:f32[batch,2]"}) {
    const auto signature = Signature::parse(inputs, "out:f32[batch,2]").value();
    const Model model = libtorch::load(model_file("difference.ts"), signature, on(make_runtime(1))).value();
    EXPECT_THAT(output_of(model.run({{"x", rows({1, 2})}, {"y", y}})), ElementsAre(-18, -36));
  }
}

TEST(TorchScript, GivesInputsToArgumentsByPositionIfNamesDiffer) {
  const auto signature = Signature::parse("a:f32[batch,2]; b:f32[batch,2]", "out:f32[batch,2]").value();
  const Model model = libtorch::load(model_file("difference.ts"), signature, on(make_runtime(1))).value();
  EXPECT_THAT(output_of(model.run({{"a", rows({1, 2})}, {"b", rows({10, 20})}})), ElementsAre(-18, -36));
}

struct Misfit {
  const char* file;
  const char* inputs;
  const char* outputs;
  const char* text;
};

class SignaturesThatDoNotFit : public testing::TestWithParam<Misfit> {};

TEST_P(SignaturesThatDoNotFit, AreRefusedAtLoad) {
  const auto signature = Signature::parse(GetParam().inputs, GetParam().outputs).value();
  EXPECT_THAT(libtorch::load(model_file(GetParam().file), signature, on(make_runtime(1))),
              FailsWith(ErrorCode::kInvalidArgument, std::string(GetParam().text)));
}

INSTANTIATE_TEST_SUITE_P(
    Each, SignaturesThatDoNotFit,
    testing::Values(Misfit{"identity.ts", "a:f32[batch,2]; b:f32[batch,2]", "o:f32[batch,2]",
                           "takes 1 inputs, the signature has 2"},
                    Misfit{"identity.ts", "x:f32[batch,2]; y:f32[batch,2]", "o:f32[batch,2]", "the model has no 'y'"},
                    Misfit{"difference.ts", "x:f32[batch,2]", "o:f32[batch,2]", "needs the input 'y'"},
                    Misfit{"difference.ts", "a:f32[2]; b:f32[2]; c:f32[2]", "o:f32[2]", "'factor'"},
                    Misfit{"text.ts", "x:f32[batch,2]; mode:f32[batch,2]", "o:f32[batch,2]",
                           "'mode' of forward() is a str"},
                    Misfit{"text.ts", "x:f32[batch,2]", "o:f32[batch,2]", "needs the argument 'mode'"},
                    Misfit{"tupled.ts", "x:f32[batch,2]", "o:f32[batch,2]", "gives 2 tensors"},
                    Misfit{"identity.ts", "x:f32[batch,2]", "o:f32[batch,2]; p:f32[batch,2]", "gives 1 tensors"}));

TEST(TorchScript, CopiesAModelWithStateForEachInstance) {
  ModelOptions options = on(make_runtime(1), 0);
  options.instances = 1;
  const Model counts = load_rows("counts.ts", options).value();
  EXPECT_THAT(counts.info().description, HasSubstr("one copy per instance"));
  EXPECT_THAT(output_of(counts.run(x_of({0, 0}))), ElementsAre(1, 1));
  EXPECT_THAT(output_of(counts.run(x_of({0, 0}))), ElementsAre(2, 2));
  EXPECT_THAT(tiny_mlp(options).info().description, testing::Not(HasSubstr("one copy per instance")));
}

TEST(TorchScript, ReportsAModelThatFailsOnTheFirstExample) {
  const auto signature = Signature::parse("x:f32[batch,3]", "y:f32[batch,2]").value();
  ModelOptions options = on(make_runtime(1));
  EXPECT_THAT(libtorch::load(model_file("sized.ts"), signature, options), IsOk()) << "nothing is run that nobody gave";
  options.examples = {{{"x", Tensor::zeros(DType::kF32, {1, 3}).value()}}};
  EXPECT_THAT(libtorch::load(model_file("sized.ts"), signature, options),
              FailsWith(ErrorCode::kModelError, "warm-up on the first of the examples"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
