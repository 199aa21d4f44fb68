// SPDX-License-Identifier: Apache-2.0
// Several instances of one ExecuTorch model: no threads, no waiting for each other, one copy of the weights.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <latch>
#include <mutex>
#include <thread>

#include "engine/executorch/executorch_fixtures.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::HasSubstr;
using testing::Not;

std::size_t threads_of_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

/// How often this process maps memory with packed weights.
int mappings_of_packed_weights() {
  std::ifstream maps("/proc/self/maps");
  int count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find("gantry-packed-weights") != std::string::npos;
  return count;
}

LoadRequest convolutions_request(int instances, bool shared = true) {
  LoadRequest request = executorch_request("convolutions.pte", convolutions_signature());
  request.instances = instances;
  executorch::Options options;
  options.share_packed_weights = shared;
  request.host_options = options;
  return request;
}

std::vector<std::unique_ptr<EngineInstance>> make_instances(Engine& engine, int count) {
  std::vector<std::unique_ptr<EngineInstance>> instances;
  for (int i = 0; i < count; ++i) instances.push_back(engine.make_instance(1).value());
  return instances;
}

TEST(ExecutorchInstances, MakeNoThreads) {
  const std::size_t before = threads_of_process();
  // Some models make the pool as XNNPACK loads them, a linear layer among them, and others never.
  const auto rows = load_executorch(executorch_request("rows_1.pte")).value();
  EXPECT_THAT(rows->make_instance(1).value()->run(rows_of(1), EngineCall()), IsOk());
  EXPECT_EQ(threads_of_process(), before);
  const auto engine = load_executorch(convolutions_request(2)).value();
  EXPECT_THAT(engine->make_instance(1).value()->run(picture(), EngineCall()), IsOk());
  EXPECT_EQ(threads_of_process(), before);
  // Its operators, which no delegate computes, have a pool of their own.
  const auto signature = Signature::parse("x:f32[batch,4]", "values:f32[batch,2]; indices:i64[batch,2]").value();
  const auto largest = load_executorch(executorch_request("largest.pte", signature)).value();
  const Tensors four{{"x", Tensor::zeros(DType::kF32, {1, 4}).value()}};
  EXPECT_THAT(largest->make_instance(1).value()->run(four, EngineCall()), IsOk());
  EXPECT_EQ(threads_of_process(), before);
}

TEST(ExecutorchInstances, ShareTheirPackedWeights) {
  const auto size = std::filesystem::file_size(executorch_model("convolutions.pte"));
  const auto engine = load_executorch(convolutions_request(3)).value();
  EXPECT_THAT(engine->info().description, HasSubstr("packed weights shared"));
  auto instances = make_instances(*engine, 3);
  EXPECT_GE(mappings_of_packed_weights(), 3);
  // The file, and its weights once more, whatever the number of instances.
  EXPECT_LT(engine->memory().weights_bytes, 3 * size);
  EXPECT_GT(engine->memory().weights_bytes, 3 * size / 2);
  const auto answer = elements<float>(instances[0]->run(picture(), EngineCall()).value()[0].tensor);
  for (auto& instance : instances)
    EXPECT_EQ(elements<float>(instance->run(picture(), EngineCall()).value()[0].tensor), answer);
  const auto alone = load_executorch(convolutions_request(3, false)).value();
  EXPECT_THAT(alone->info().description, Not(HasSubstr("shared")));
  auto others = make_instances(*alone, 3);
  EXPECT_GT(alone->memory().weights_bytes, 3 * size);
  EXPECT_EQ(elements<float>(others[2]->run(picture(), EngineCall()).value()[0].tensor), answer);
  instances.clear();
  EXPECT_EQ(mappings_of_packed_weights(), 0);
}

TEST(ExecutorchInstances, SayWhatMemoryTheyComputeIn) {
  const auto engine = load_executorch(convolutions_request(2)).value();
  auto instances = make_instances(*engine, 2);
  const std::size_t two = engine->memory().retained_bytes;
  EXPECT_GT(two, 0u);
  instances.pop_back();
  EXPECT_EQ(engine->memory().retained_bytes, two / 2);
  EXPECT_EQ(engine->memory().in_use_bytes, 0u);
}

/// How often two threads, each calling one of `runs`, went to sleep.
template <class Run>
long waits_of_two(Run run) {
  long waits[2] = {};
  std::latch begin(2);
  const auto call = [&](int index) {
    begin.arrive_and_wait();
    rusage before{};
    rusage after{};
    ::getrusage(RUSAGE_THREAD, &before);
    for (int i = 0; i < 100; ++i) run(index);
    ::getrusage(RUSAGE_THREAD, &after);
    waits[index] = after.ru_nvcsw - before.ru_nvcsw;
  };
  std::thread other(call, 1);
  call(0);
  other.join();
  return waits[0] + waits[1];
}

/// ExecuTorch's default has one lock for all delegates of the process: the second worker would only wait. Counted in
/// waits, since how much faster two are depends on the machine's load.
TEST(ExecutorchInstances, DoNotWaitForEachOther) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "two threads never run at a time here";
  const auto engine = load_executorch(convolutions_request(2)).value();
  auto instances = make_instances(*engine, 2);
  const Tensors inputs = picture();
  const long waits = waits_of_two([&](int i) { EXPECT_THAT(instances[i]->run(inputs, EngineCall()), IsOk()); });
  std::mutex lock;
  const long waits_for_a_lock = waits_of_two([&](int i) {
    const std::lock_guard guard(lock);
    EXPECT_THAT(instances[i]->run(inputs, EngineCall()), IsOk());
  });
  EXPECT_LT(waits, 10);
  EXPECT_GT(waits_for_a_lock, waits);
}

TEST(ExecutorchInstances, ComputeAtTheSameTimeAsOneAlone) {
  const auto engine = load_executorch(convolutions_request(4)).value();
  auto instances = make_instances(*engine, 4);
  const auto answer = elements<float>(instances[0]->run(picture(), EngineCall()).value()[0].tensor);
  std::vector<std::thread> threads;
  for (auto& instance : instances)
    threads.emplace_back([&answer, &instance] {
      for (int i = 0; i < 20; ++i)
        EXPECT_EQ(elements<float>(instance->run(picture(), EngineCall()).value()[0].tensor), answer);
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(ExecutorchInstances, AreLoadedAndUnloadedAtTheSameTime) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([] {
      for (int i = 0; i < 10; ++i) {
        const auto engine = load_executorch(convolutions_request(2));
        ASSERT_THAT(engine, IsOk());
        EXPECT_THAT((*engine)->make_instance(1).value()->run(picture(), EngineCall()), IsOk());
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(mappings_of_packed_weights(), 0);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
