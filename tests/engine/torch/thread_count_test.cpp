// SPDX-License-Identifier: Apache-2.0
// How many threads a busy service has: what the runtime documents, however many callers there are.
#include <ATen/Parallel.h>
#include <dirent.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <gantry/image.hpp>
#include <gantry/pipeline.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "engine/torch/engine_fixtures.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

/// The kernel's list of this process's threads.
int threads_of_process() {
  int count = 0;
  DIR* const tasks = ::opendir("/proc/self/task");
  while (const dirent* entry = ::readdir(tasks))
    if (entry->d_name[0] != '.') ++count;
  ::closedir(tasks);
  return count;
}

struct Budget {
  int workers;
  int intra_op_threads;
};

class ThreadCount : public testing::TestWithParam<Budget> {};

/// A matrix product of 64 x 256 is large enough for LibTorch to share it among threads.
TEST_P(ThreadCount, StaysWithinTheBudgetUnderLoad) {
  constexpr int kCallers = 24;
  const int before = threads_of_process();
  RuntimeOptions options;
  options.workers = GetParam().workers;
  options.intra_op_threads = GetParam().intra_op_threads;
  options.allow_oversubscription = true;
  const Runtime runtime = Runtime::create(options).value();
  const auto signature = Signature::parse("x:f32[batch,256]", "y:f32[batch,256]").value();
  ModelOptions model_options = on(runtime);
  model_options.max_batch = 256;
  const Model model = libtorch::load(model_file("matmul.ts"), signature, model_options).value();
  const Tensors inputs{{"x", Tensor::zeros(DType::kF32, {64, 256}).value()}};
  std::atomic<int> most{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < kCallers; ++c)
    callers.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        EXPECT_THAT(model.run(inputs), IsOk());
        if (i % 10 != 0) continue;
        const int now = threads_of_process();
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
      }
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_LE(most.load() - before - kCallers, GetParam().workers * GetParam().intra_op_threads);
  EXPECT_GE(most.load() - before, GetParam().workers);
}

/// torch.jit.fork starts a pool of as many threads as the machine has cores, where it is left to LibTorch; and once
/// there is a pool, the host cannot set its size.
TEST(ForkedWork, RunsOnTheCallingThread) {
  const int before = threads_of_process();
  const auto engine = load_engine("forks.ts").value();
  const auto instance = engine->make_instance(1).value();
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(output_of(instance->run(x_of({1, 2, 3, 4}), {})), testing::ElementsAre(28, 56, 84, 112));
  EXPECT_THAT(instance->run(x_of({500, 1}), {}), FailsWith(ErrorCode::kModelError, "too hot to fork"));
  EXPECT_THAT(output_of(instance->run(x_of({1, 2}), {})), testing::ElementsAre(28, 56));
  const auto counting = load_engine("counts-in-fork.ts").value();
  EXPECT_THAT(output_of(counting->make_instance(1).value()->run(x_of({0, 0}), {})), testing::ElementsAre(1, 1));
  EXPECT_EQ(threads_of_process(), before);
  EXPECT_NO_THROW(at::set_num_interop_threads(2));
}

INSTANTIATE_TEST_SUITE_P(Budgets, ThreadCount, testing::Values(Budget{1, 1}, Budget{2, 1}, Budget{3, 2}, Budget{1, 4}),
                         [](const auto& budget) {
                           return std::to_string(budget.param.workers) + "x" +
                                  std::to_string(budget.param.intra_op_threads);
                         });

/// The OpenMP runtimes that this process has loaded.
std::set<std::string> openmp_runtimes() {
  std::set<std::string> found;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (line.find("gomp") != std::string::npos || line.find("libomp") != std::string::npos)
      found.insert(line.substr(line.find('/')));
  return found;
}

/// What an op's loop needs besides the worker was there for the engine: one team, of one OpenMP runtime.
TEST(OneOpenMp, LoopsOfOpsRunOnTheThreadsThatLibTorchHas) {
  RuntimeOptions options;
  options.workers = 1;
  options.intra_op_threads = 2;
  options.allow_oversubscription = true;
  const Runtime runtime = Runtime::create(options).value();
  const auto signature = Signature::parse("x:f32[batch,256]", "y:f32[batch,256]").value();
  const Model model = libtorch::load(model_file("matmul.ts"), signature, on(runtime)).value();
  const Tensors inputs{{"x", Tensor::zeros(DType::kF32, {64, 256}).value()}};
  const auto halve = compile(image::resize(800, 600), runtime).value();
  const Image picture = Image::make(1600, 1200, Colour::kRgb).value();
  ASSERT_THAT(model.run(inputs), IsOk());
  const int with_engine = threads_of_process();
  for (int i = 0; i < 5; ++i) {
    ASSERT_THAT(halve.run(picture), IsOk());
    ASSERT_THAT(model.run(inputs), IsOk());
  }
  EXPECT_EQ(threads_of_process(), with_engine);
  EXPECT_EQ(openmp_runtimes().size(), 1u) << testing::PrintToString(openmp_runtimes());
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
