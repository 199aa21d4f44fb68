// SPDX-License-Identifier: Apache-2.0
// Models that are loaded, run and unloaded again and again, as a service does that takes new versions: what a model had
// is given back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/executorch/executorch_fixtures.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

/// Of this process in memory, once the C library has given back what it keeps for later.
std::size_t resident_bytes() {
  ::malloc_trim(0);
  std::size_t whole = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> whole >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t open_files() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

/// 8 MB of weights, packed for two instances.
void load_run_unload(bool shares_weights, FileMemory memory) {
  LoadRequest request =
      executorch_request("large.pte", Signature::parse("x:f32[batch,1024]", "y:f32[batch,2048]").value());
  request.instances = 2;
  request.file_memory = memory;
  executorch::Options options;
  options.share_packed_weights = shares_weights;
  request.host_options = options;
  const auto engine = load_executorch(request);
  ASSERT_THAT(engine, IsOk());
  const Tensors inputs{{"x", Tensor::zeros(DType::kF32, {1, 1024}).value()}};
  for (int i = 0; i < 2; ++i) {
    auto instance = (*engine)->make_instance(1);
    ASSERT_THAT(instance, IsOk());
    EXPECT_THAT((*instance)->run(inputs, EngineCall()), IsOk());
  }
}

TEST(ExecutorchReload, FiftyTimesLeavesNothingBehind) {
  for (const bool shares_weights : {true, false})
    for (const FileMemory memory : {FileMemory::kCopied, FileMemory::kMapped}) {
      for (int i = 0; i < 5; ++i) load_run_unload(shares_weights, memory);
      const std::size_t before = resident_bytes();
      const std::size_t files = open_files();
      for (int i = 0; i < 50; ++i) load_run_unload(shares_weights, memory);
      EXPECT_LT(resident_bytes(), before + (8 << 20)) << "50 times what one model has are 400 MB";
      EXPECT_EQ(open_files(), files);
    }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
