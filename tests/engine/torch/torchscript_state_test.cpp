// SPDX-License-Identifier: Apache-2.0
// What a run can write and later runs see: found wherever the model keeps it, and each instance has its own.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "engine/torch/engine_fixtures.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Not;

class ModelsThatCount : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Each, ModelsThatCount,
                         testing::Values("counts", "counts-in-list", "counts-in-dict", "counts-in-tuple",
                                         "counts-by-appending", "counts-in-object", "counts-in-fork",
                                         "counts-behind-interface", "counts-behind-index", "counts-in-view",
                                         "counts-in-einsum"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_P(ModelsThatCount, AreKnownToHaveState) {
  const auto engine = load_engine(std::string(GetParam()) + ".ts").value();
  EXPECT_TRUE(engine->info().has_state);
  EXPECT_THAT(engine->info().description, HasSubstr("one copy per instance"));
  // What a method does that is chosen in the call is not known.
  EXPECT_EQ(engine->info().mutates_inputs, std::string(GetParam()) == "counts-behind-index");
}

/// Each instance counts alone, whatever the others do, and no count is lost.
TEST_P(ModelsThatCount, CountOnceForEachCallOfAnInstance) {
  constexpr int kInstances = 4;
  constexpr int kCalls = 200;
  const auto engine = load_engine(std::string(GetParam()) + ".ts").value();
  std::vector<int> right(kInstances, 0);
  std::vector<std::thread> threads;
  for (int i = 0; i < kInstances; ++i)
    threads.emplace_back([&, i] {
      const auto instance = engine->make_instance(1).value();
      for (int call = 1; call <= kCalls; ++call) {
        const auto count = static_cast<float>(call);
        right[static_cast<std::size_t>(i)] +=
            output_of(instance->run(x_of({0, 10}), {})) == std::vector<float>{count, count + 10};
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(right, ElementsAre(kCalls, kCalls, kCalls, kCalls));
}

TEST_P(ModelsThatCount, BeginAnewInAnInstanceThatIsMadeLater) {
  const auto engine = load_engine(std::string(GetParam()) + ".ts").value();
  const auto first = engine->make_instance(1).value();
  for (float count : {1.0f, 2.0f}) EXPECT_THAT(output_of(first->run(x_of({0, 0}), {})), ElementsAre(count, count));
  const auto second = engine->make_instance(1).value();
  EXPECT_THAT(output_of(second->run(x_of({0, 0}), {})), ElementsAre(1, 1));
}

/// What the model keeps of an input outlives the call: the host may write to its memory, or free it.
TEST(State, AnInputThatIsKeptIsTheModelsOwn) {
  for (const char* file : {"keeps-input.ts", "keeps-inputs.ts"}) {
    const Model model = load_rows(file, on(make_runtime(1), 0)).value();
    EXPECT_TRUE(model.info().mutates_inputs) << file;
    std::vector<float> memory(2);
    const Tensors inputs = {{"x", Tensor::wrap(memory.data(), DType::kF32, {1, 2}, nullptr).value()}};
    for (const float number : {1.0f, 2.0f, 3.0f}) {
      memory = {number, number};
      const float expected = std::string(file) == "keeps-input.ts" ? 1 : number * (number + 1) / 2;
      EXPECT_THAT(output_of(model.run(inputs)), ElementsAre(expected, expected)) << file;
      memory = {1e6f, 1e6f};
    }
  }
}

TEST(State, AnInputIsNotWrittenToThroughAnAttribute) {
  const Model model = load_rows("writes-through-attribute.ts", on(make_runtime(1), 0)).value();
  const Tensors inputs = x_of({1, 2});
  EXPECT_THAT(output_of(model.run(inputs)), ElementsAre(2, 3));
  EXPECT_THAT(values_of(inputs[0].tensor), ElementsAre(1, 2));
}

TEST(Randomness, OfAModelIsKnown) {
  EXPECT_TRUE(load_engine("noisy.ts").value()->info().draws_random);
  const auto engine = load_engine("attends.ts").value();
  EXPECT_FALSE(engine->info().draws_random);
  EXPECT_FALSE(engine->info().has_state);
  EXPECT_FALSE(engine->info().mutates_inputs);
  ModelOptions options = on(make_runtime(1), 0);
  options.examples = {x_of({1, 2, 3, 4})};
  EXPECT_THAT(load_rows("noisy.ts", options).value().merging(), HasSubstr("may draw random numbers"));
  EXPECT_THAT(load_rows("attends.ts", options).value().merging(), HasSubstr("merges up to 2"));
}

TEST(State, BatchStatisticsThatAreUpdatedAreState) {
  const auto engine = load_engine("counts-in-statistics.ts").value();
  EXPECT_TRUE(engine->info().has_state);
  for (int i = 0; i < 2; ++i) {
    const auto instance = engine->make_instance(1).value();
    EXPECT_THAT(output_of(instance->run(x_of({0, 0}), {})), ElementsAre(0.5f, 0.5f));
    EXPECT_THAT(output_of(instance->run(x_of({0, 0}), {})), ElementsAre(0.75f, 0.75f));
  }
}

TEST(State, IsNotFrozenWhereFreezingWouldShareIt) {
  EXPECT_THAT(load_engine("counts-in-list.ts").value()->info().description,
              HasSubstr("not frozen (it changes what a list"));
  EXPECT_THAT(load_engine("counts-in-fork.ts").value()->info().description, HasSubstr("torch.jit.fork"));
  EXPECT_THAT(load_engine("counts.ts").value()->info().description, Not(HasSubstr("not frozen")));
}

/// A module that Python froze has its list in the code, which no copy of the module copies.
TEST(State, InAConstantOfTheCodeIsRefused) {
  EXPECT_THAT(load_engine("writes-constant.ts"), FailsWith(ErrorCode::kUnsupported, "constant of its code"));
}

TEST(State, IsNotSeenInModelsThatWriteToWhatTheyMade) {
  for (const char* file :
       {"keeps.ts", "forks.ts", "noisy.ts", "listed.ts", "matmul.ts", "hook.ts", "settings.ts", "writes-to-maybe.ts"}) {
    SCOPED_TRACE(file);
    const std::string inputs = std::string(file) == "matmul.ts" ? "x:f32[batch,256]" : "x:f32[batch,2]";
    const std::string outputs = std::string(file) == "listed.ts" ? "y:f32[batch,2]; z:f32[batch,2]" : "y:f32[batch,2]";
    libtorch::Options options;
    if (std::string(file) == "settings.ts")
      options.arguments = {{"rate", std::int64_t{1}}, {"scale", 1.0}, {"is_negative", false}};
    const auto engine = load_engine(file, Signature::parse(inputs, outputs).value(), options);
    ASSERT_THAT(engine, IsOk());
    EXPECT_FALSE((*engine)->info().has_state) << (*engine)->info().description;
    EXPECT_FALSE((*engine)->info().mutates_inputs);
    EXPECT_THAT((*engine)->info().description, Not(HasSubstr("not frozen")));
  }
  const auto engine = load_engine("keeps.ts").value();
  const auto instance = engine->make_instance(1).value();
  for (int i = 0; i < 2; ++i)
    EXPECT_THAT(output_of(instance->run(x_of({1, 2}), {})),
                ElementsAre(FloatNear(15.9999f, 1e-3f), FloatNear(13.9999f, 1e-3f)));
}

TEST(State, IsNotSeenInAnLstm) {
  const auto signature =
      Signature::parse("x:f32[batch,2]", "0:f32[batch,1,3]; 1.0:f32[1,batch,3]; 1.1:f32[1,batch,3]").value();
  EXPECT_FALSE(load_engine("lstm.ts", signature).value()->info().has_state);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
