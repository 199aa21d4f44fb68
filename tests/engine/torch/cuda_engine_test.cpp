// SPDX-License-Identifier: Apache-2.0
// TorchScript on a GPU. CMake registers this test where the machine has one.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "engine/torch/engine_fixtures.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

ModelOptions on_gpu(const Runtime& runtime, int index = 0) {
  ModelOptions options = on(runtime);
  options.device = Device::cuda(index);
  return options;
}

Model tiny_mlp(const ModelOptions& options) {
  const auto signature = Signature::parse("features:f32[batch,4]", "scores:f32[batch,3]").value();
  return libtorch::load(package_file("tiny-mlp", "model.ts"), signature, options).value();
}

TEST(Cuda, EqualsTheAnswersOfPython) {
  const Model model = tiny_mlp(on_gpu(make_runtime(2)));
  EXPECT_EQ(model.info().device, Device::cuda(0));
  for (const char* number : {"0", "1", "2"}) {
    const auto outputs = model.run({{"features", golden("tiny-mlp", std::string(number) + "/input.npy")}});
    ASSERT_THAT(outputs, IsOk());
    EXPECT_TRUE((*outputs)[0].tensor.device().is_cpu());
    EXPECT_THAT(output_of(outputs),
                Pointwise(FloatNear(2e-3f), values_of(golden("tiny-mlp", std::string(number) + "/0.npy"))));
  }
}

TEST(Cuda, EightThreadsGetTheAnswersOfOne) {
  for (const Execution execution : {Execution::kPooled, Execution::kCaller}) {
    const Model model = tiny_mlp(on_gpu(make_runtime(4, execution)));
    const Tensors inputs = {{"features", golden("tiny-mlp", "1/input.npy")}};
    const auto expected = output_of(model.run(inputs));
    std::vector<std::thread> threads;
    std::atomic<int> equal{0};
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        for (int run = 0; run < 50; ++run) equal += output_of(model.run(inputs)) == expected;
      });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(equal, 8 * 50);
  }
}

TEST(Cuda, ReportsThatMemoryIsShortAndServesTheNextCall) {
  const Model model = load_rows("hungry.ts", on_gpu(make_runtime(1))).value();
  EXPECT_THAT(model.run(x_of({300, 1})), HasCode(ErrorCode::kResourceExhausted));
  EXPECT_THAT(output_of(model.run(x_of({1, 2}))), ElementsAre(2, 4));
}

TEST(Cuda, RefusesADeviceThatIsNotThere) {
  EXPECT_THAT(load_rows("throws.ts", on_gpu(make_runtime(1), 99)),
              FailsWith(ErrorCode::kFailedPrecondition, "there is no cuda:99"));
}

TEST(Cuda, LetsTheCpuAndTheGpuServeSideBySide) {
  const Runtime runtime = make_runtime(2);
  const Model gpu = load_rows("throws.ts", on_gpu(runtime)).value();
  const Model cpu = load_rows("throws.ts", on(runtime)).value();
  EXPECT_THAT(output_of(gpu.run(x_of({1, 2}))), ElementsAre(2, 4));
  EXPECT_THAT(output_of(cpu.run(x_of({1, 2}))), ElementsAre(2, 4));
}

/// A convolution, which cuDNN would round to 10 bits.
TEST(Cuda, ComputesFloat32AsFloat32) {
  const auto signature = Signature::parse("image:f32[batch,3,32,32]", "logits:f32[batch,10]").value();
  const Runtime runtime = make_runtime(1);
  const std::string file = package_file("tiny-cnn", "model.ts");
  const Model gpu = libtorch::load(file, signature, on_gpu(runtime)).value();
  const Model cpu = libtorch::load(file, signature, on(runtime)).value();
  std::vector<float> numbers(4 * 3 * 32 * 32);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = std::sin(static_cast<float>(i));
  const Tensors inputs = {{"image", Tensor::from<float>(Span<const float>(numbers), {4, 3, 32, 32}).value()}};
  EXPECT_THAT(output_of(gpu.run(inputs)), Pointwise(FloatNear(2e-5f), output_of(cpu.run(inputs))));
}

TEST(Cuda, RunsAPackageThatWasCompiledForIt) {
  const auto signature = Signature::parse("x:f32[batch,256]", "y:f32[batch,256]").value();
  const Runtime runtime = make_runtime(2);
  ModelOptions options = on_gpu(runtime);
  EXPECT_THAT(libtorch::load(model_file("matmul-cuda.pt2"), signature, options),
              FailsWith(ErrorCode::kFailedPrecondition, "trust_unverified_code"));  // gantry-pack made it not
  options.engine_options["aoti"].set("trust_unverified_code", true);
  const Model compiled = libtorch::load(model_file("matmul-cuda.pt2"), signature, options).value();
  const Model scripted = libtorch::load(model_file("matmul.ts"), signature, on(runtime)).value();
  EXPECT_EQ(compiled.info().kind, "aoti");
  for (const std::int64_t batch : {1, 2, 7, 64}) {
    std::vector<float> numbers(static_cast<std::size_t>(batch) * 256);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = std::sin(static_cast<float>(i));
    const Tensors inputs = {{"x", Tensor::from<float>(Span<const float>(numbers), {batch, 256}).value()}};
    EXPECT_THAT(output_of(compiled.run(inputs)), Pointwise(FloatNear(1e-4f), output_of(scripted.run(inputs))));
  }
}

TEST(Cuda, ItsPackagesAreRefusedOnTheCpu) {
  const auto signature = Signature::parse("x:f32[batch,256]", "y:f32[batch,256]").value();
  EXPECT_THAT(libtorch::load(model_file("matmul-cuda.pt2"), signature, on(make_runtime(1))),
              FailsWith(ErrorCode::kFailedPrecondition, "compiled for 'cuda' and cannot run on cpu"));
}

/// CUDA's errors of this kind are for good: the process, in this case a child, is not usable on the GPU afterwards.
TEST(Cuda, SaysThatTheDeviceHasFailed) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const Model model = load_rows("out-of-range.ts", on_gpu(make_runtime(1))).value();
        const auto fault = model.run(x_of({300, 1}));
        const auto later = model.run(x_of({1, 2}));
        for (const auto* result : {&fault, &later})
          std::fprintf(stderr, "%s\n", result->ok() ? "ok" : result->error().to_string().c_str());
        std::_Exit(!fault && !later ? 0 : 1);
      },
      testing::ExitedWithCode(0), "CUDA error: device-side assert triggered");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
