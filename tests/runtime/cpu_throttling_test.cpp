// SPDX-License-Identifier: Apache-2.0
// Which group's counters count, and in which unit.
#include "runtime/cpu_throttling.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "fake_files.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using std::chrono::nanoseconds;

const std::string kV1 = "/sys/fs/cgroup/cpu,cpuacct";
const std::string kV2 = "/sys/fs/cgroup";

std::optional<CpuThrottling> throttling_of(std::map<std::string, std::string> files) {
  return compute_cpu_throttling(FakeFiles(std::move(files)));
}

std::string stat_v2(int periods, int throttled, int usec) {
  return "usage_usec 5\nnr_periods " + std::to_string(periods) + "\nnr_throttled " + std::to_string(throttled) +
         "\nthrottled_usec " + std::to_string(usec) + "\nnr_bursts 0\n";
}

TEST(CpuThrottling, ReadsNanosecondsOfVersion1) {
  const auto throttling =
      throttling_of({{kCgroup, "4:cpu,cpuacct:/job\n"},
                     {kMounts, v1_mounts()},
                     {kV1 + "/job/cpu.stat", "nr_periods 46\nnr_throttled 41\nthrottled_time 1234567\n"}});
  ASSERT_TRUE(throttling);
  EXPECT_EQ(throttling->periods, 46U);
  EXPECT_EQ(throttling->throttled_periods, 41U);
  EXPECT_EQ(throttling->throttled_time, nanoseconds(1234567));
}

TEST(CpuThrottling, ReadsMicrosecondsOfVersion2) {
  const auto throttling =
      throttling_of({{kCgroup, "0::/app\n"}, {kMounts, v2_mount()}, {kV2 + "/app/cpu.stat", stat_v2(10, 3, 250)}});
  ASSERT_TRUE(throttling);
  EXPECT_EQ(throttling->periods, 10U);
  EXPECT_EQ(throttling->throttled_periods, 3U);
  EXPECT_EQ(throttling->throttled_time, nanoseconds(250000));
}

TEST(CpuThrottling, IsThatOfTheGroupWithTheLeastQuota) {
  std::map<std::string, std::string> files = {{kCgroup, "0::/slice/pod/leaf\n"},
                                              {kMounts, v2_mount()},
                                              {kV2 + "/slice/cpu.stat", stat_v2(1, 0, 0)},
                                              {kV2 + "/slice/pod/cpu.stat", stat_v2(2, 0, 0)},
                                              {kV2 + "/slice/pod/leaf/cpu.stat", stat_v2(3, 0, 0)}};
  EXPECT_EQ(throttling_of(files)->periods, 3U);
  files[kV2 + "/slice/cpu.max"] = "300000 100000";
  EXPECT_EQ(throttling_of(files)->periods, 1U);
  files[kV2 + "/slice/pod/cpu.max"] = "150000 100000";
  EXPECT_EQ(throttling_of(files)->periods, 2U);
}

TEST(CpuThrottling, OfAHybridSystemIsWhereTheQuotaIs) {
  EXPECT_EQ(throttling_of({{kCgroup, "4:cpu,cpuacct:/job\n0::/\n"},
                           {kMounts, v1_mounts() + v2_mount("/", "/sys/fs/cgroup/unified")},
                           {kV1 + "/job/cpu.stat", "nr_periods 7\nnr_throttled 0\nthrottled_time 0\n"},
                           {"/sys/fs/cgroup/unified/cpu.stat", stat_v2(9, 0, 0)}})
                ->periods,
            7U);
}

TEST(CpuThrottling, IsNothingWithoutCounters) {
  EXPECT_FALSE(throttling_of({}));
  EXPECT_FALSE(throttling_of({{kCgroup, "0::/\n"}, {kMounts, v2_mount()}}));
  for (const char* text :
       {"", "usage_usec 5\n", "nr_periods 1\nnr_throttled 1\n", "nr_periods -1\nnr_throttled 0\nthrottled_usec 0\n",
        "nr_periods 1\nnr_throttled 0\nthrottled_usec 9223372036854775807\n", "nr_periods\nnr_throttled\n"}) {
    EXPECT_FALSE(throttling_of({{kCgroup, "0::/\n"}, {kMounts, v2_mount()}, {kV2 + "/cpu.stat", text}})) << text;
  }
}

TEST(CpuThrottling, OfThisProcessIsReadWithoutFailing) {
  const auto throttling = read_cpu_throttling();
  if (!throttling) GTEST_SKIP() << "no counters here";
  EXPECT_LE(throttling->throttled_periods, throttling->periods);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
