// SPDX-License-Identifier: Apache-2.0
// A guest changes nothing of its host: OpenMP, LibTorch's threads and modes, rounding, locale; on the thread that calls
// gantry, and on threads that the host starts later.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/fill.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/sum.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/InferenceMode.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cfenv>
#include <chrono>
#include <clocale>
#include <future>
#include <thread>

#include "engine/torch/engine_fixtures.hpp"
#include "engine/torch/loaded_library.hpp"
#include "engine/torch/thread_state.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

template <class Function>
Function* openmp(const char* name) {
  void* library = ::dlopen(libtorch::torch_cpu_path().c_str(), RTLD_LAZY);
  auto* function = reinterpret_cast<Function*>(::dlsym(library, name));
  ::dlclose(library);
  return function;
}

struct HostState {
  int openmp_threads = openmp<int()>("omp_get_max_threads")();
  int torch_threads = at::get_num_threads();
  bool has_grad = at::GradMode::is_enabled();
  bool is_inference = c10::InferenceMode::is_enabled();
  int rounding = std::fegetround();
  int exceptions = std::fetestexcept(FE_ALL_EXCEPT);
  std::string locale = std::setlocale(LC_ALL, nullptr);
  /// Where a tensor's memory goes back to: the allocator that was there before gantry.
  c10::DeleterFnPtr deleter = at::empty({1 << 20}).storage().data_ptr().get_deleter();

  friend bool operator==(const HostState&, const HostState&) = default;
};

HostState state_of_a_new_thread() {
  std::optional<HostState> state;
  std::thread([&] { state.emplace(); }).join();
  return *state;
}

class HostStateTest : public testing::TestWithParam<Execution> {
 protected:
  /// Loads and runs models, also ones that fail, with another number of threads than the host's.
  static void use_gantry() {
    RuntimeOptions options;
    options.workers = 2;
    options.intra_op_threads = 3;
    options.allow_oversubscription = true;
    options.execution = GetParam();
    const Runtime runtime = Runtime::create(options).value();
    const auto signature = Signature::parse("x:f32[batch,256]", "y:f32[batch,256]").value();
    const Model model = libtorch::load(model_file("matmul.ts"), signature, on(runtime)).value();
    EXPECT_THAT(model.run({{"x", Tensor::zeros(DType::kF32, {64, 256}).value()}}), IsOk());
    const Model throws = load_rows("throws.ts", on(runtime)).value();
    EXPECT_THAT(throws.run(x_of({500, 1})), HasCode(ErrorCode::kModelError));
    EXPECT_FALSE(load_rows("checkpoint.pt", on(runtime)).ok());
  }
};

TEST_P(HostStateTest, IsUnchangedOnTheCallingThread) {
  std::thread([] {  // a thread of its own, whose state this test may change
    at::set_num_threads(2);
    (void)at::get_num_threads();  // LibTorch's own initialisation of the thread sets OpenMP's number once more
    openmp<void(int)>("omp_set_num_threads")(5);
    at::GradMode::set_enabled(false);
    std::fesetround(FE_UPWARD);
    const HostState before;
    EXPECT_EQ(before.openmp_threads, 5);
    EXPECT_EQ(before.rounding, FE_UPWARD);
    use_gantry();
    const HostState after;
    EXPECT_EQ(before, after);
    at::GradMode::set_enabled(true);
    EXPECT_EQ(HostState().has_grad, true);
  })
      .join();
}

TEST_P(HostStateTest, IsUnchangedOnThreadsThatTheHostStartsLater) {
  const HostState before = state_of_a_new_thread();
  use_gantry();
  EXPECT_EQ(before, state_of_a_new_thread());
}

/// The answers of a model on a runtime that this thread makes now.
std::vector<float> answers_with(Execution execution) {
  RuntimeOptions options;
  options.workers = 1;
  options.execution = execution;
  const Runtime runtime = Runtime::create(options).value();
  const auto signature = Signature::parse("x:f32[batch,256]", "y:f32[batch,256]").value();
  std::vector<float> values(4 * 256);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.125f * static_cast<float>(i % 17);
  const Model model = libtorch::load(model_file("matmul.ts"), signature, on(runtime)).value();
  return output_of(model.run({{"x", Tensor::from<float>(Span<const float>(values), {4, 256}).value()}}));
}

TEST_P(HostStateTest, RoundingDoesNotChangeAnswers) {
  const auto expected = answers_with(GetParam());
  std::fesetround(FE_UPWARD);
  const auto upward = answers_with(GetParam());
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(expected, upward);
}

TEST_P(HostStateTest, AutocastDoesNotChangeAnswers) {
  const auto expected = answers_with(GetParam());
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const auto with_autocast = answers_with(GetParam());
  EXPECT_TRUE(at::autocast::is_autocast_enabled(at::kCPU));
  at::autocast::set_autocast_enabled(at::kCPU, false);
  EXPECT_EQ(expected, with_autocast);
}

/// Warnings, and print() in forward(), branches, submodules, free functions, forks and hooks.
TEST_P(HostStateTest, NothingIsPrintedForAModelThatWarnsOrTalks) {
  for (const char* file : {"warns.ts", "talks.ts", "hooks.ts"}) {
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    const Model model = load_rows(file, on(make_runtime(1, GetParam()))).value();
    const auto outputs = model.run(x_of({1, 2}));
    const std::string out = testing::internal::GetCapturedStdout();
    const std::string err = testing::internal::GetCapturedStderr();
    EXPECT_EQ(out + err, "") << file;
    EXPECT_THAT(outputs, IsOk());
  }
}

// Before the others, which have gantry's allocator in place already.
TEST(HostThread, ComputesWithItsOwnMemoryWhileModelsAreLoadedAndRun) {
  std::promise<void> has_begun;
  std::atomic<bool> is_over{false};
  std::thread host([&] {
    const HostState before;
    for (bool is_first = true; is_first || !is_over; is_first = false) {
      at::Tensor tensor = at::empty({1 << 20});
      if (is_first) has_begun.set_value();
      EXPECT_EQ(tensor.storage().data_ptr().get_deleter(), before.deleter);
      EXPECT_EQ(tensor.fill_(2).sum().item<float>(), 2.0f * (1 << 20));
    }
    EXPECT_EQ(before, HostState());
  });
  has_begun.get_future().wait();
  c10::Allocator* const allocator = c10::GetCPUAllocator();
  const Runtime runtime = make_runtime(2);
  const auto signature = Signature::parse("x:f32[batch,256]", "y:f32[batch,256]").value();
  ModelOptions options = on(runtime);
  options.max_batch = 64;
  for (int i = 0; i < 5; ++i) {
    const Model model = libtorch::load(model_file("matmul.ts"), signature, options).value();
    EXPECT_THAT(model.run({{"x", Tensor::zeros(DType::kF32, {64, 256}).value()}}), IsOk());
    EXPECT_GT(runtime.stats().models.back().memory.retained_bytes, 0u);  // a worker may hold the last one still
    libtorch::release_idle_activation_memory(std::chrono::milliseconds(0));
  }
  EXPECT_NE(c10::GetCPUAllocator(), allocator);
  is_over = true;
  host.join();
}

std::vector<float> draw() {
  const at::Tensor drawn = at::rand({4});
  return {drawn.data_ptr<float>(), drawn.data_ptr<float>() + 4};
}

TEST(HostRandomStream, IsNotMovedByLoadOrTrials) {
  at::manual_seed(7);
  const auto expected = draw();
  at::manual_seed(7);
  const auto engine = load_engine("noisy.ts").value();
  EXPECT_EQ(draw(), expected);
  EngineCall trial;
  trial.is_trial = true;
  const auto instance = engine->make_instance(1).value();
  at::manual_seed(7);
  EXPECT_THAT(instance->run(x_of({1, 2}), trial), IsOk());
  EXPECT_EQ(draw(), expected);
  at::manual_seed(7);
  EXPECT_THAT(instance->run(x_of({1, 2}), {}), IsOk());
  EXPECT_NE(draw(), expected);  // traffic draws as in Python
}

/// Nothing random is computed at load: two calls differ.
TEST(HostRandomStream, IsDrawnFromInEachCall) {
  const auto engine = load_engine("noisy.ts").value();
  const auto instance = engine->make_instance(1).value();
  EXPECT_NE(output_of(instance->run(x_of({1, 2}), {})), output_of(instance->run(x_of({1, 2}), {})));
}

INSTANTIATE_TEST_SUITE_P(Both, HostStateTest, testing::Values(Execution::kPooled, Execution::kCaller));

TEST(ThreadScope, SetsThisThreadOnlyAndPutsItBack) {
  const HostState before;
  {
    const libtorch::ThreadScope scope(3);
    EXPECT_EQ(at::get_num_threads(), 3);
    EXPECT_TRUE(c10::InferenceMode::is_enabled());
    EXPECT_FALSE(at::GradMode::is_enabled());
    EXPECT_NE(state_of_a_new_thread().torch_threads, 3);
    {
      const libtorch::ThreadScope inner(1);
      EXPECT_EQ(at::get_num_threads(), 1);
    }
    EXPECT_EQ(at::get_num_threads(), 3);
  }
  EXPECT_EQ(before, HostState());
}

TEST(ThreadScope, WinsOverTheNumberThatTheHostSetForNewThreads) {
  std::thread([] { at::set_num_threads(4); }).join();
  std::thread([] {
    const libtorch::ThreadScope scope(2);
    EXPECT_EQ(at::get_num_threads(), 2);
  }).join();
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
