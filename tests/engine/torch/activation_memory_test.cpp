// SPDX-License-Identifier: Apache-2.0
// Memory that engines keep from run to run: used again, bounded, given back, and nothing of the host's.
#include <ATen/ops/empty.h>
#include <ATen/ops/fill.h>
#include <c10/core/CPUAllocator.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <optional>
#include <thread>

#include "engine/torch/activation_memory.hpp"
#include "engine/torch/engine_fixtures.hpp"
#include "engine/torch/engine_loaders.hpp"
#include "engine/torch/tensor_bridge.hpp"
#include "engine/torch/thread_state.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using libtorch::ActivationCache;
using libtorch::ActivationScope;
using libtorch::InstanceMemory;

constexpr std::size_t kMiB = std::size_t{1} << 20;

std::shared_ptr<ActivationCache> make_cache(std::size_t limit = 64 * kMiB) {
  return std::make_shared<ActivationCache>(*libtorch::replace_cpu_allocator(), limit);
}

at::Tensor bytes(std::size_t count) {
  return at::empty({static_cast<std::int64_t>(count)}, c10::kByte);
}

c10::DeleterFnPtr deleter_of(const at::Tensor& tensor) {
  return tensor.storage().data_ptr().get_deleter();
}

long page_faults() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt;
}

/// Page faults of one run of matmul.ts with three results of 40 MB, beyond what glibc ever keeps.
long faults_of_a_run(bool retain) {
  const auto signature = Signature::parse("x:f32[batch,256]", "y:f32[batch,256]").value();
  libtorch::Options options;
  options.retain_activation_memory = retain;
  const auto engine = load_engine("matmul.ts", signature, options).value();
  const auto instance = engine->make_instance(1).value();
  const Tensors inputs = {{"x", Tensor::zeros(DType::kF32, {40000, 256}).value()}};
  for (int i = 0; i < 2; ++i) EXPECT_THAT(instance->run(inputs, {}), IsOk());
  const long before = page_faults();
  EXPECT_THAT(instance->run(inputs, {}), IsOk());
  return page_faults() - before;
}

// First, while LibTorch's own allocator is in place.
TEST(ActivationMemory, IsNotKeptAndNoAllocatorChangedForAModelThatOptsOut) {
  c10::Allocator* const before = c10::GetCPUAllocator();
  EXPECT_GT(faults_of_a_run(false), 5000);
  EXPECT_EQ(c10::GetCPUAllocator(), before);
}

TEST(ActivationMemory, IsUsedAgainWithoutPageFaults) {
  EXPECT_LT(faults_of_a_run(true), 200);
}

TEST(ActivationMemory, OfAnOutputComesBackWhenTheHostLetsGo) {
  const auto signature = Signature::parse("x:f32[batch,256]", "y:f32[batch,256]").value();
  ModelOptions options = on(make_runtime(1));
  options.max_batch = 1024;
  const Model model = libtorch::load(model_file("matmul.ts"), signature, options).value();
  const std::size_t before = libtorch::activation_memory().bytes_in_use;
  auto outputs = model.run({{"x", Tensor::zeros(DType::kF32, {1024, 256}).value()}});
  ASSERT_THAT(outputs, IsOk());
  EXPECT_EQ(libtorch::activation_memory().bytes_in_use, before + kMiB);
  const std::size_t held = libtorch::activation_memory().bytes_held;
  outputs = Tensors();
  EXPECT_EQ(libtorch::activation_memory().bytes_in_use, before);
  EXPECT_EQ(libtorch::activation_memory().bytes_held, held + kMiB);
}

/// Two models on one runtime, which gives back what has been idle for `after`.
struct TwoModels {
  explicit TwoModels(std::chrono::milliseconds after) {
    const auto signature = Signature::parse("x:f32[batch,256]", "y:f32[batch,256]").value();
    ModelOptions options = on(runtime);
    options.release_memory_after = after;
    options.max_batch = 1024;
    options.batch_across_callers = false;  // else loading tries batches of all sizes
    first = libtorch::load(model_file("matmul.ts"), signature, options).value();
    second = libtorch::load(model_file("matmul.ts"), signature, options).value();
  }
  ModelMemory memory_of(std::size_t index) const { return runtime.stats().models.at(index).memory; }

  const Tensors inputs = {{"x", Tensor::zeros(DType::kF32, {1024, 256}).value()}};
  const Runtime runtime = make_runtime(1);
  std::optional<Model> first, second;
};

TEST(ActivationMemory, IsKeptByDefaultAndCountedByModel) {
  const TwoModels models(std::chrono::hours(1));
  auto outputs = models.first->run(models.inputs);
  ASSERT_THAT(outputs, IsOk());
  EXPECT_EQ(models.memory_of(0).weights_bytes, 256u * 256 * 4);
  EXPECT_EQ(models.memory_of(0).in_use_bytes, kMiB);
  EXPECT_GE(models.memory_of(0).retained_bytes, kMiB);
  EXPECT_EQ(models.memory_of(1).weights_bytes, 256u * 256 * 4);
  EXPECT_EQ(models.memory_of(1).in_use_bytes + models.memory_of(1).retained_bytes, 0u);
}

TEST(ActivationMemory, OfACopyOfAModelWithStateCountsItsWeightsToo) {
  const Runtime runtime = make_runtime(3);
  ModelOptions options = on(runtime);
  options.instances = 3;
  const Model model = load_rows("counts.ts", options).value();
  EXPECT_EQ(runtime.stats().models.at(0).memory.weights_bytes, 4u * (1 + 3)) << "one float, the file's and each copy's";
}

TEST(ActivationMemory, IsGivenBackByAWorkerOnceItIsIdle) {
  const TwoModels models(std::chrono::milliseconds(1));
  auto outputs = models.first->run(models.inputs);
  ASSERT_THAT(outputs, IsOk());
  EXPECT_EQ(models.memory_of(0).in_use_bytes, kMiB) << "it was retained, so there is something to give back";
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (models.memory_of(0).retained_bytes > 0 && std::chrono::steady_clock::now() < give_up)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(models.memory_of(0).retained_bytes, 0u);
  outputs = Tensors();
  EXPECT_EQ(models.memory_of(0).retained_bytes, 0u) << "what the host lets go of after that is not kept";
}

TEST(ActivationMemory, CountsAndTakesBackWhatAnotherThreadFrees) {
  const auto cache = make_cache();
  const ActivationScope scope(cache.get());
  at::Tensor first = bytes(kMiB);
  void* const data = first.data_ptr();
  EXPECT_EQ(cache->counts().misses, 1u);
  EXPECT_EQ(cache->counts().bytes_in_use, kMiB);
  std::thread([moved = std::move(first)]() mutable { moved.reset(); }).join();
  EXPECT_EQ(cache->counts().bytes_held, kMiB);
  EXPECT_EQ(bytes(kMiB).data_ptr(), data);
  EXPECT_EQ(cache->counts().hits, 1u);
}

TEST(ActivationMemory, IsTakenBySizeWithinFactorFour) {
  const auto cache = make_cache();
  const ActivationScope scope(cache.get());
  void* const large = bytes(8 * kMiB).data_ptr();
  EXPECT_EQ(bytes(3 * kMiB).data_ptr(), large);
  EXPECT_NE(bytes(2 * kMiB - 1).data_ptr(), large);
}

TEST(ActivationMemory, IsTakenWhereItWasUsedLast) {
  const auto cache = make_cache();
  const ActivationScope scope(cache.get());
  at::Tensor small = bytes(kMiB);
  at::Tensor large = bytes(2 * kMiB);
  void* const of_small = small.data_ptr();
  void* const of_large = large.data_ptr();
  small.reset();
  large.reset();
  small = bytes(kMiB);
  EXPECT_EQ(small.data_ptr(), of_large);
  EXPECT_EQ(bytes(kMiB).data_ptr(), of_small);
  small.reset();
  EXPECT_EQ(bytes(kMiB).data_ptr(), of_large);
}

TEST(ActivationMemory, OfAResultThatIsASmallPartOfItsBlockIsCopied) {
  const libtorch::ThreadScope thread(1);  // in inference mode a view does not hold what it was taken from
  const auto cache = make_cache();
  const ActivationScope scope(cache.get());
  void* const large = bytes(8 * kMiB).data_ptr();
  const auto signature = Signature::parse("x:u8[n]", "y:u8[n]").value();
  for (const auto& [count, is_copied] : {std::pair(kMiB * 5 / 2, false), std::pair(kMiB * 3 / 2, true)}) {
    at::Tensor part = bytes(kMiB * 5 / 2).narrow(0, 0, static_cast<std::int64_t>(count));
    ASSERT_EQ(part.data_ptr(), large);
    std::vector<at::Tensor> parts;  // not from an initializer list, which would hold it too
    parts.push_back(std::move(part));
    const Tensors result = libtorch::from_torch(std::move(parts), signature.outputs()).value();
    EXPECT_EQ(result[0].tensor.data() != large, is_copied);
  }
}

TEST(ActivationMemory, MayBeFreedAfterTheInstanceIsGone) {
  at::Tensor output;
  std::weak_ptr<ActivationCache> cache;
  {
    const InstanceMemory memory(true);
    cache = memory.cache()->weak_from_this();
    const ActivationScope scope(memory);
    output = bytes(kMiB);
  }
  output.fill_(7);
  EXPECT_FALSE(cache.expired());
  output.reset();
  EXPECT_TRUE(cache.expired());
}

TEST(ActivationMemory, KeepsNoMoreThanItsLimitAndWhatTheLastRunsUsed) {
  const auto cache = make_cache(4 * kMiB);
  {
    const ActivationScope scope(cache.get());
    std::vector<at::Tensor> tensors;
    for (int i = 0; i < 10; ++i) tensors.push_back(bytes(kMiB));
    tensors.clear();
    EXPECT_EQ(cache->counts().bytes_held, 4 * kMiB);
    EXPECT_NE(deleter_of(bytes(5 * kMiB)), deleter_of(bytes(kMiB)));  // more than the limit is not the cache's
  }
  for (std::uint64_t i = 0; i < ActivationCache::kRunsKept; ++i) {
    EXPECT_EQ(cache->counts().bytes_held, 4 * kMiB);
    const ActivationScope scope(cache.get());
  }
  EXPECT_EQ(cache->counts().bytes_held, 0u);
}

TEST(ActivationMemory, IsReleasedWhenIdle) {
  const InstanceMemory memory(true);
  at::Tensor held;
  {
    const ActivationScope scope(memory);
    held = bytes(kMiB);
    bytes(2 * kMiB);
    EXPECT_EQ(libtorch::release_idle_activation_memory(std::chrono::milliseconds(0)), 0u);
  }
  EXPECT_EQ(libtorch::release_idle_activation_memory(std::chrono::hours(1)), 0u);
  EXPECT_EQ(libtorch::release_idle_activation_memory(std::chrono::milliseconds(0)), 2 * kMiB);
  held.reset();
  EXPECT_EQ(memory.cache()->counts().bytes_held, 0u);
}

TEST(ActivationMemory, LeavesTheHostsTensorsAndRawMemoryAlone) {
  const auto cache = make_cache();
  c10::Allocator* const previous = libtorch::replace_cpu_allocator();
  c10::Allocator* const allocator = c10::GetCPUAllocator();
  void* const from_before = previous->raw_allocate(kMiB);
  void* from_a_run = nullptr;
  {
    const ActivationScope scope(cache.get());
    EXPECT_NE(deleter_of(bytes(kMiB)), previous->raw_deleter());
    EXPECT_EQ(deleter_of(bytes(1000)), previous->raw_deleter());
    from_a_run = allocator->raw_allocate(kMiB);
    std::thread([&] { EXPECT_EQ(deleter_of(bytes(kMiB)), previous->raw_deleter()); }).join();
  }
  EXPECT_EQ(deleter_of(bytes(kMiB)), previous->raw_deleter());
  allocator->raw_deallocate(allocator->raw_allocate(kMiB));
  allocator->raw_deallocate(from_before);
  allocator->raw_deallocate(from_a_run);
  EXPECT_EQ(cache->counts().bytes_in_use, 0u);
}

TEST(ActivationMemory, DoesNotFightAnAllocatorThatTheHostSetsLater) {
  ASSERT_NE(libtorch::replace_cpu_allocator(), nullptr);
  c10::Allocator* const ours = c10::GetCPUAllocator();
  c10::SetCPUAllocator(c10::GetDefaultCPUAllocator());
  const InstanceMemory memory(true);
  EXPECT_EQ(c10::GetCPUAllocator(), c10::GetDefaultCPUAllocator());
  {
    const ActivationScope scope(memory);
    EXPECT_EQ(deleter_of(bytes(kMiB)), c10::GetDefaultCPUAllocator()->raw_deleter());
  }
  c10::SetCPUAllocator(ours);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
