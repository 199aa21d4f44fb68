// SPDX-License-Identifier: Apache-2.0
// The memory budget of made-up machines: physical memory, limits of control groups v1 and v2, and what is in use.
#include "runtime/memory_budget.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "fake_files.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr const char* kMeminfo = "/proc/meminfo";
constexpr const char* k8GiB =
    "MemTotal:        8388608 kB\nMemFree: 1 kB\nMemAvailable:    6291456 kB\n";  // 6 GiB left
const std::string kV1 = "/sys/fs/cgroup/memory";
const std::string kV2 = "/sys/fs/cgroup";

MemoryBudget budget_of(std::map<std::string, std::string> files) {
  return compute_memory_budget(FakeFiles(std::move(files)));
}

TEST(MemoryBudget, IsPhysicalMemoryWithoutAnyGroup) {
  const MemoryBudget budget = budget_of({{kMeminfo, k8GiB}});
  EXPECT_EQ(budget.limit_bytes, 8192 * kMiB);
  EXPECT_EQ(budget.usage_bytes, 2048 * kMiB);
  EXPECT_EQ(budget.explanation, "8 GiB: physical 8 GiB; 2 GiB in use");
  EXPECT_THAT(budget.derivation, Contains("/proc/self/cgroup: not readable"));
}

TEST(MemoryBudget, IsUnknownWhenNothingIsKnown) {
  const MemoryBudget budget = budget_of({});
  EXPECT_EQ(budget.limit_bytes, std::nullopt);
  EXPECT_EQ(budget.usage_bytes, std::nullopt);
  EXPECT_EQ(budget.explanation, "unknown: no limit could be read; an unknown amount in use");
}

TEST(MemoryBudget, TakesTheLimitOfVersion2) {
  const MemoryBudget budget = budget_of({{kMeminfo, k8GiB},
                                         {kCgroup, "0::/app\n"},
                                         {kMounts, v2_mount()},
                                         {kV2 + "/app/memory.max", "536870912\n"},
                                         {kV2 + "/app/memory.current", "314572800\n"},
                                         {kV2 + "/app/memory.stat", "anon 1\ninactive_file 104857600\n"}});
  EXPECT_EQ(budget.limit_bytes, 512 * kMiB);
  EXPECT_EQ(budget.usage_bytes, 200 * kMiB);
  EXPECT_EQ(budget.explanation, "512 MiB: physical 8 GiB, cgroup v2 limit 512 MiB at /app; 200 MiB in use");
}

TEST(MemoryBudget, TakesTheLimitOfVersion1WithTheGroupsBelow) {
  const MemoryBudget budget =
      budget_of({{kMeminfo, k8GiB},
                 {kCgroup, "3:memory:/job\n"},
                 {kMounts, v1_mounts()},
                 {kV1 + "/job/memory.limit_in_bytes", "1073741824\n"},
                 {kV1 + "/job/memory.usage_in_bytes", "104857600\n"},
                 {kV1 + "/job/memory.stat", "inactive_file 1048576\ntotal_inactive_file 2097152\n"},
                 {kV1 + "/memory.limit_in_bytes", "9223372036854771712\n"}});
  EXPECT_EQ(budget.limit_bytes, 1024 * kMiB);
  EXPECT_EQ(budget.usage_bytes, 98 * kMiB);
  EXPECT_THAT(budget.explanation, HasSubstr("cgroup v1 limit 1 GiB at /job"));
  EXPECT_THAT(budget.derivation, Contains(kV1 + "/memory.limit_in_bytes: 9223372036854771712, no limit"));
}

// No physical memory is known here, so that a huge number taken for a limit would show.
TEST(MemoryBudget, IgnoresLimitsThatAreNone) {
  for (const char* text : {"", "max", "9223372036854771712", "9223372036854710272", "9223372036854775807",
                           "18446744073709551615", "-1", "0", "1 2", "x"}) {
    EXPECT_EQ(budget_of({{kCgroup, "0::/\n"}, {kMounts, v2_mount()}, {kV2 + "/memory.max", text}}).limit_bytes,
              std::nullopt)
        << "'" << text << "'";
  }
}

TEST(MemoryBudget, TakesTheLeastLimitOfAllAncestorsAndItsUsage) {
  const MemoryBudget budget = budget_of({{kMeminfo, k8GiB},
                                         {kCgroup, "0::/slice/pod/leaf\n"},
                                         {kMounts, v2_mount()},
                                         {kV2 + "/slice/memory.max", "2147483648"},
                                         {kV2 + "/slice/pod/memory.max", "1073741824"},
                                         {kV2 + "/slice/pod/memory.current", "10485760"},
                                         {kV2 + "/slice/pod/leaf/memory.max", "max"},
                                         {kV2 + "/slice/pod/leaf/memory.current", "5242880"}});
  EXPECT_EQ(budget.limit_bytes, 1024 * kMiB);
  EXPECT_EQ(budget.usage_bytes, 10 * kMiB);
  EXPECT_THAT(budget.derivation, Contains(kV2 + "/slice/pod/memory.stat: no inactive_file"));
}

TEST(MemoryBudget, TakesTheOutermostOfEqualLimits) {
  const MemoryBudget budget = budget_of({{kMeminfo, k8GiB},
                                         {kCgroup, "0::/pod/leaf\n"},
                                         {kMounts, v2_mount()},
                                         {kV2 + "/pod/memory.max", "1073741824"},
                                         {kV2 + "/pod/memory.current", "10485760"},
                                         {kV2 + "/pod/leaf/memory.max", "1073741824"},
                                         {kV2 + "/pod/leaf/memory.current", "5242880"}});
  EXPECT_EQ(budget.usage_bytes, 10 * kMiB);
}

TEST(MemoryBudget, IsPhysicalMemoryWhereALimitIsLarger) {
  const MemoryBudget budget = budget_of({{kMeminfo, k8GiB},
                                         {kCgroup, "0::/app\n"},
                                         {kMounts, v2_mount()},
                                         {kV2 + "/app/memory.max", "17179869184"},
                                         {kV2 + "/app/memory.current", "1048576"}});
  EXPECT_EQ(budget.limit_bytes, 8192 * kMiB);
  EXPECT_EQ(budget.usage_bytes, 2048 * kMiB);
}

TEST(MemoryBudget, NeverUsesLessThanNothing) {
  EXPECT_EQ(budget_of({{kCgroup, "0::/\n"},
                       {kMounts, v2_mount()},
                       {kV2 + "/memory.max", "1073741824"},
                       {kV2 + "/memory.current", "1048576"},
                       {kV2 + "/memory.stat", "inactive_file 2097152\n"}})
                .usage_bytes,
            0U);
  EXPECT_EQ(budget_of({{kMeminfo, "MemTotal: 1024 kB\nMemAvailable: 2048 kB\n"}}).usage_bytes, 0U);
}

TEST(MemoryBudget, DoesNotGuessAUsageThatCannotBeRead) {
  const MemoryBudget budget =
      budget_of({{kMeminfo, k8GiB}, {kCgroup, "0::/\n"}, {kMounts, v2_mount()}, {kV2 + "/memory.max", "1073741824"}});
  EXPECT_EQ(budget.limit_bytes, 1024 * kMiB);
  EXPECT_EQ(budget.usage_bytes, std::nullopt);
  EXPECT_THAT(budget.derivation, Contains(kV2 + "/memory.current: not readable"));
}

// Docker and Podman on v1 with the host's namespace: the group's own path is the mounted root.
TEST(MemoryBudget, RemovesTheMountedRootFromThePath) {
  const MemoryBudget budget = budget_of({{kMeminfo, k8GiB},
                                         {kCgroup, "3:memory:/docker/17\n"},
                                         {kMounts, v1_mounts("/docker/17")},
                                         {kV1 + "/memory.limit_in_bytes", "268435456"},
                                         {kV1 + "/memory.usage_in_bytes", "1048576"}});
  EXPECT_EQ(budget.limit_bytes, 256 * kMiB);
  EXPECT_EQ(budget.usage_bytes, 1 * kMiB);
}

TEST(MemoryBudget, ReadsMemoryOfAHybridSystemWhereItIs) {
  const MemoryBudget budget = budget_of({{kMeminfo, k8GiB},
                                         {kCgroup, "3:memory:/job\n0::/unified-job\n"},
                                         {kMounts, v1_mounts() + v2_mount("/", "/sys/fs/cgroup/unified")},
                                         {kV1 + "/job/memory.limit_in_bytes", "268435456"},
                                         {kV1 + "/job/memory.usage_in_bytes", "1048576"}});
  EXPECT_EQ(budget.limit_bytes, 256 * kMiB);
  EXPECT_EQ(budget.usage_bytes, 1 * kMiB);
}

TEST(MemoryBudget, UndoesTheEscapesOfMountinfo) {
  EXPECT_EQ(budget_of({{kCgroup, "0::/with blank/x\n"},
                       {kMounts, v2_mount("/with\\040blank", "/mnt/c\\134g")},
                       {"/mnt/c\\g/x/memory.max", "1048576"}})
                .limit_bytes,
            kMiB);
}

TEST(MemoryBudget, OfThisProcessIsPlausible) {
  const MemoryBudget budget = read_memory_budget();
  ASSERT_TRUE(budget.limit_bytes);
  EXPECT_GT(*budget.limit_bytes, 16 * kMiB);
  EXPECT_FALSE(budget.derivation.empty());
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
