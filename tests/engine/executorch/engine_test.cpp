// SPDX-License-Identifier: Apache-2.0
// What the ExecuTorch engine computes, and what it says of a model.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/executorch/executorch_fixtures.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<float> run_rows(Engine& engine, std::int64_t count) {
  auto instance = engine.make_instance(1).value();
  return elements<float>(instance->run(rows_of(count), EngineCall()).value()[0].tensor);
}

TEST(ExecutorchEngine, SaysWhatItIs) {
  const EngineList engines = executorch::engines();
  ASSERT_EQ(engines.size(), 1u);
  EXPECT_EQ(engines[0]->kind(), "executorch");
  EXPECT_THAT(engines[0]->version(), StartsWith("1."));
  EXPECT_EQ(executorch::version(), engines[0]->version());
  const auto engine = load_executorch(executorch_request("rows_1.pte")).value();
  EXPECT_EQ(engine->info().kind, "executorch");
  EXPECT_EQ(engine->info().description, "ExecuTorch " + executorch::version() + ", cpu");
  EXPECT_EQ(engine->info().max_threads, 1);
  EXPECT_FALSE(engine->info().mutates_inputs);
}

TEST(ExecutorchEngine, ComputesTheSizesOfItsMethods) {
  const auto engine = load_executorch(executorch_request("rows_1_4.pte")).value();
  EXPECT_THAT(engine->info().batch_sizes, ElementsAre(1, 4));
  EXPECT_EQ(run_rows(*engine, 1), rows_answer(1));
  EXPECT_EQ(run_rows(*engine, 4), rows_answer(4));
}

TEST(ExecutorchEngine, ComputesTheSizesOfItsFiles) {
  const std::vector<SizedFile> files{{executorch_model("rows_1.pte"), 1}, {executorch_model("rows_4.pte"), 4}};
  const auto engine = load_executorch(executorch_request(files, rows_signature())).value();
  EXPECT_THAT(engine->info().batch_sizes, ElementsAre(1, 4));
  EXPECT_EQ(run_rows(*engine, 4), rows_answer(4));
}

TEST(ExecutorchEngine, ComputesAnyNumberOfSamplesUpToTheExportedOne) {
  LoadRequest request = executorch_request("rows_to_8.pte");
  request.max_batch = 8;
  const auto engine = load_executorch(request).value();
  EXPECT_THAT(engine->info().batch_sizes, IsEmpty());
  for (const std::int64_t count : {8, 1, 3, 8}) EXPECT_EQ(run_rows(*engine, count), rows_answer(count));
  request.max_batch = 16;
  EXPECT_THAT(load_executorch(request), FailsWith(ErrorCode::kInvalidArgument, "for at most 8 samples, and up to 16"));
}

TEST(ExecutorchEngine, LoadsOperatorsThatNoDelegateComputes) {
  const auto signature = Signature::parse("x:f32[batch,4]", "values:f32[batch,2]; indices:i64[batch,2]").value();
  const auto engine = load_executorch(executorch_request("largest.pte", signature)).value();
  const std::vector<float> numbers{3, 1, 4, 2};
  const Tensors inputs{{"x", Tensor::from<float>(Span<const float>(numbers), {1, 4}).value()}};
  const auto outputs = engine->make_instance(1).value()->run(inputs, EngineCall()).value();
  ASSERT_EQ(outputs.size(), 2u);
  EXPECT_EQ(outputs[0].name, "values");
  EXPECT_THAT(elements<float>(outputs[0].tensor), ElementsAre(4, 3));
  EXPECT_EQ(outputs[1].name, "indices");
  EXPECT_THAT(elements<std::int64_t>(outputs[1].tensor), ElementsAre(2, 0));
}

/// LibTorch has functions of these names as well: whoever is in the global scope first would serve both.
TEST(ExecutorchEngine, LeavesTheGlobalScopeAlone) {
  const auto signature = Signature::parse("x:f32[batch,4]", "values:f32[batch,2]; indices:i64[batch,2]").value();
  const auto engine = load_executorch(executorch_request("largest.pte", signature)).value();
  void* const kernels = ::dlopen("libexecutorch_kernels_optimized.so", RTLD_LAZY | RTLD_NOLOAD);
  void* const threads = ::dlopen("libexecutorch_threadpool.so", RTLD_LAZY | RTLD_NOLOAD);
  ASSERT_TRUE(kernels != nullptr && threads != nullptr);
  EXPECT_NE(::dlsym(kernels, "sgemm_"), nullptr);
  EXPECT_EQ(::dlsym(RTLD_DEFAULT, "sgemm_"), nullptr);
  EXPECT_NE(::dlsym(threads, "pthreadpool_create"), nullptr);
  EXPECT_EQ(::dlsym(RTLD_DEFAULT, "pthreadpool_create"), nullptr);
}

TEST(ExecutorchEngine, TakesInputsByPosition) {
  const auto signature = Signature::parse("a:f32[batch,3]; b:i64[batch,3]", "c:f32[batch,3]").value();
  const auto engine = load_executorch(executorch_request("sum.pte", signature)).value();
  EXPECT_EQ(engine->info().matching, "inputs by position, outputs by position");
  const std::vector<float> x{0.5F, 1.5F, 2.5F};
  const std::vector<std::int64_t> n{1, 2, -3};
  const Tensors inputs{{"a", Tensor::from<float>(Span<const float>(x), {1, 3}).value()},
                       {"b", Tensor::from<std::int64_t>(Span<const std::int64_t>(n), {1, 3}).value()}};
  const auto outputs = engine->make_instance(1).value()->run(inputs, EngineCall()).value();
  EXPECT_THAT(elements<float>(outputs[0].tensor), ElementsAre(1.5F, 3.5F, -0.5F));
}

TEST(ExecutorchEngine, TakesInputsThatLieAnywhere) {
  const auto engine = load_executorch(executorch_request("rows_1.pte")).value();
  const auto bytes = std::make_shared<std::vector<char>>(64);
  const float row[] = {2, 1};
  std::memcpy(bytes->data() + 1, row, sizeof row);
  const Tensor x = Tensor::wrap(bytes->data() + 1, DType::kF32, {1, 2}, bytes).value();
  const auto outputs = engine->make_instance(1).value()->run({{"x", x}}, EngineCall()).value();
  EXPECT_THAT(elements<float>(outputs[0].tensor), ElementsAre(5, 9));
}

TEST(ExecutorchEngine, OutputsAreTheCallersOwn) {
  auto engine = load_executorch(executorch_request("rows_1.pte")).value();
  auto instance = engine->make_instance(1).value();
  const auto first = instance->run(rows_of(1), EngineCall()).value();
  const std::vector<float> other{7, 7};
  const auto second =
      instance->run({{"x", Tensor::from<float>(Span<const float>(other), {1, 2}).value()}}, EngineCall()).value();
  instance.reset();
  engine.reset();
  EXPECT_EQ(elements<float>(first[0].tensor), rows_answer(1));
  EXPECT_THAT(elements<float>(second[0].tensor), ElementsAre(22, 48));
}

TEST(ExecutorchEngine, ReadsAFileWhereItLies) {
  LoadRequest request = executorch_request("rows_1_4.pte");
  request.file_memory = FileMemory::kMapped;
  const auto engine = load_executorch(request).value();
  EXPECT_EQ(run_rows(*engine, 4), rows_answer(4));
}

TEST(ExecutorchEngine, ServesAModelWhoseCallsAreAnyNumberOfSamples) {
  RuntimeOptions runtime_options;
  runtime_options.workers = 2;
  runtime_options.allow_oversubscription = true;
  ModelOptions options;
  options.runtime = Runtime::create(runtime_options).value();
  options.merge = Merge::kAssume;
  const auto model = executorch::load(executorch_model("rows_1_4.pte"), rows_signature(), options);
  ASSERT_THAT(model, IsOk());
  for (const std::int64_t count : {1, 2, 4, 5, 11}) {
    const auto outputs = model->run(rows_of(count));
    ASSERT_THAT(outputs, IsOk());
    EXPECT_EQ(elements<float>((*outputs)[0].tensor), rows_answer(count));
  }
}

/// Made by PyTorch's own recipe: 8-bit weights and activations, of the same model.
TEST(ExecutorchEngine, ComputesModelsInInt8) {
  const auto exact = load_executorch(executorch_request("convolutions.pte", convolutions_signature())).value();
  const auto int8 = load_executorch(executorch_request("convolutions_int8.pte", convolutions_signature()));
  ASSERT_THAT(int8, IsOk());
  const auto expected =
      elements<float>(exact->make_instance(1).value()->run(picture(), EngineCall()).value()[0].tensor);
  const auto instance = (*int8)->make_instance(1).value();
  const auto answer = elements<float>(instance->run(picture(), EngineCall()).value()[0].tensor);
  float largest = 0;
  float farthest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    farthest = std::max(farthest, std::abs(expected[i] - answer[i]));
  }
  EXPECT_GT(farthest, 0) << "it is another model";
  EXPECT_LT(farthest, 0.1F * largest);
  EXPECT_EQ(elements<float>(instance->run(picture(), EngineCall()).value()[0].tensor), answer);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
