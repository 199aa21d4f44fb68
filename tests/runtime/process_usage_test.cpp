// SPDX-License-Identifier: Apache-2.0
#include "runtime/process_usage.hpp"

#include <gtest/gtest.h>

#include "fake_files.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

TEST(ProcessUsage, MemoryIsInBytes) {
  const auto memory = compute_process_memory(FakeFiles(
      {{"/proc/self/status", "VmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n"},
       {"/proc/self/smaps_rollup", "00-ff ---p 00 00:00 0 [rollup]\nRss: 1024 kB\nPss: 512 kB\nPss_Dirty: 3 kB\n"}}));
  EXPECT_EQ(memory.resident_bytes, 1024U * 1024);
  EXPECT_EQ(memory.peak_resident_bytes, 2048U * 1024);
  EXPECT_EQ(memory.proportional_bytes, 512U * 1024);
}

TEST(ProcessUsage, LeavesOutValuesThatCannotBeRead) {
  const auto memory = compute_process_memory(FakeFiles({}));
  EXPECT_EQ(memory.resident_bytes, 0U);
  EXPECT_EQ(memory.peak_resident_bytes, 0U);
  EXPECT_FALSE(memory.proportional_bytes);
}

TEST(ProcessUsage, IsReadOfThisProcess) {
  const auto memory = read_process_memory();
  EXPECT_GT(memory.resident_bytes, 1U << 20);
  EXPECT_GE(memory.peak_resident_bytes, memory.resident_bytes);
  const auto before = read_process_cpu_time();
  volatile std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < 10'000'000; ++i) sum = sum + i;
  EXPECT_GT(read_process_cpu_time(), before);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
