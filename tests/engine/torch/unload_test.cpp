// SPDX-License-Identifier: Apache-2.0
// Loading, running and unloading a model again and again, in one process: its weights must go each time.
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdio>

#include "engine/torch/engine_fixtures.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

constexpr std::size_t kWeights = std::size_t{2048} * 2048 * 4;

/// Memory of this process that is in RAM, in bytes, without what the C library holds free.
std::size_t resident() {
  ::malloc_trim(0);
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  unsigned long all = 0, pages = 0;
  const int read = file ? std::fscanf(file, "%lu %lu", &all, &pages) : 0;
  if (file) std::fclose(file);
  return read == 2 ? pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

void load_and_run(const std::string& file, const Runtime& runtime) {
  const auto signature = Signature::parse("x:f32[batch,2048]", "y:f32[batch,2048]").value();
  ModelOptions options = on(runtime, 0);
  options.max_batch = 4;
  const Model model = libtorch::load(model_file(file), signature, options).value();
  const Tensors inputs = {{"x", Tensor::zeros(DType::kF32, {1, 2048}).value()}};
  ASSERT_THAT(model.run(inputs), IsOk());
  EXPECT_GE(runtime.stats().models.at(0).memory.weights_bytes, kWeights);
}

class Unloading : public testing::TestWithParam<const char*> {};

TEST_P(Unloading, GivesTheWeightsBack) {
  // Its threads use the library and live on; a thread-local object of the library would keep it mapped.
  const Runtime runtime = make_runtime(1);
  for (int i = 0; i < 5; ++i) load_and_run(GetParam(), runtime);
  const std::size_t before = resident();
  ASSERT_GT(before, 0u);
  for (int i = 0; i < 50; ++i) load_and_run(GetParam(), runtime);
  const std::size_t after = resident();
  // 50 times the weights are 800 MB. What may be left is less than those of one of them.
  EXPECT_LT(after, before + kWeights) << "grew by " << (after - before) / 50 << " bytes each time";
}

INSTANTIATE_TEST_SUITE_P(Each, Unloading, testing::Values("large.pt2", "large.ts"));

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
