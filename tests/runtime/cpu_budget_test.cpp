// SPDX-License-Identifier: Apache-2.0
// The CPU budget of made-up machines: what /proc and /sys/fs/cgroup say in containers and outside, cgroup v1 and v2.
#include "runtime/cpu_budget.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "fake_files.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

/// A machine of files; the ones not listed do not exist.
class FakeFacts final : public CpuFacts {
 public:
  FakeFacts(int affinity, std::map<std::string, std::string> files) : affinity_(affinity), files_(std::move(files)) {}
  FakeFacts with_override(std::string text) const {
    FakeFacts copy = *this;
    copy.override_ = std::move(text);
    return copy;
  }
  std::optional<std::string> read(const std::string& path) const override { return files_.read(path); }
  int affinity() const override { return affinity_; }
  std::optional<std::string> override_text() const override { return override_; }

 private:
  int affinity_;
  FakeFiles files_;
  std::optional<std::string> override_;
};

TEST(CpuBudget, IsTheAffinityWithoutAnyGroup) {
  const CpuBudget budget = compute_cpu_budget(FakeFacts(6, {}));
  EXPECT_EQ(budget.cpus, 6);
  EXPECT_EQ(budget.exact, 6.0);
  EXPECT_EQ(budget.explanation, "6 CPUs: affinity 6");
  EXPECT_THAT(budget.derivation, Contains("/proc/self/cgroup: not readable"));
}

TEST(CpuBudget, IsOneWhenNothingIsKnown) {
  const CpuBudget budget = compute_cpu_budget(FakeFacts(0, {}));
  EXPECT_EQ(budget.cpus, 1);
  EXPECT_EQ(budget.explanation, "1 CPU: no limit could be read");
}

TEST(CpuBudget, TakesTheQuotaOfVersion2) {
  const CpuBudget budget = compute_cpu_budget(FakeFacts(
      16, {{kCgroup, "0::/app\n"}, {kMounts, v2_mount()}, {"/sys/fs/cgroup/app/cpu.max", "250000 100000\n"}}));
  EXPECT_EQ(budget.cpus, 2);
  EXPECT_DOUBLE_EQ(budget.exact, 2.5);
  EXPECT_EQ(budget.explanation, "2 CPUs: affinity 16, cgroup v2 quota 2.5 at /app");
}

TEST(CpuBudget, TreatsMaxAsNoLimit) {
  const CpuBudget budget = compute_cpu_budget(
      FakeFacts(8, {{kCgroup, "0::/app\n"}, {kMounts, v2_mount()}, {"/sys/fs/cgroup/app/cpu.max", "max 100000\n"}}));
  EXPECT_EQ(budget.cpus, 8);
  EXPECT_EQ(budget.explanation, "8 CPUs: affinity 8");
  EXPECT_THAT(budget.derivation, Contains("/sys/fs/cgroup/app/cpu.max: max 100000, no limit"));
}

TEST(CpuBudget, TakesTheLeastQuotaOfAllAncestors) {
  // The leaf is unlimited, its parent has 3, the grandparent 1.5.
  const CpuBudget budget = compute_cpu_budget(FakeFacts(32, {{kCgroup, "0::/slice/pod/leaf\n"},
                                                             {kMounts, v2_mount()},
                                                             {"/sys/fs/cgroup/slice/cpu.max", "150000 100000"},
                                                             {"/sys/fs/cgroup/slice/pod/cpu.max", "300000 100000"},
                                                             {"/sys/fs/cgroup/slice/pod/leaf/cpu.max", "max 100000"}}));
  EXPECT_EQ(budget.cpus, 1);
  EXPECT_DOUBLE_EQ(budget.exact, 1.5);
  EXPECT_THAT(budget.explanation, HasSubstr("cgroup v2 quota 1.5 at /slice"));
}

TEST(CpuBudget, ReadsTheMountPointInAPrivateNamespace) {
  const CpuBudget budget = compute_cpu_budget(
      FakeFacts(4, {{kCgroup, "0::/\n"}, {kMounts, v2_mount()}, {"/sys/fs/cgroup/cpu.max", "100000 100000"}}));
  EXPECT_EQ(budget.cpus, 1);
  EXPECT_EQ(budget.explanation, "1 CPU: affinity 4, cgroup v2 quota 1 at /");
}

TEST(CpuBudget, ReadsTheMountPointWhenThePathLeavesTheNamespace) {
  for (const char* path : {"0::/../../other\n", "0::/..\n"}) {
    const CpuBudget budget = compute_cpu_budget(
        FakeFacts(4, {{kCgroup, path}, {kMounts, v2_mount()}, {"/sys/fs/cgroup/cpu.max", "200000 100000"}}));
    EXPECT_EQ(budget.cpus, 2) << path;
  }
}

TEST(CpuBudget, TakesTheQuotaOfVersion1) {
  const CpuBudget budget =
      compute_cpu_budget(FakeFacts(16, {{kCgroup, "5:cpuset:/job\n4:cpu,cpuacct:/job\n3:memory:/job\n"},
                                        {kMounts, v1_mounts()},
                                        {"/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "400000\n"},
                                        {"/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n"},
                                        {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"},
                                        {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"},
                                        {"/sys/fs/cgroup/cpuset/job/cpuset.effective_cpus", "0-5,8,10-11\n"}}));
  EXPECT_EQ(budget.cpus, 4);
  EXPECT_EQ(budget.explanation, "4 CPUs: affinity 16, cgroup v1 quota 4 at /job, cpuset 9");
  EXPECT_THAT(budget.derivation, Contains("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us: -1 100000, no limit"));
}

// Podman and Docker on v1 with the host's namespace: the mounted part begins at the container's own group, and
// /proc/self/cgroup names the same path, so mount point + path does not exist.
TEST(CpuBudget, RemovesTheMountedRootFromThePath) {
  const std::string group = "/libpod_parent/libpod-17";
  const CpuBudget budget =
      compute_cpu_budget(FakeFacts(8, {{kCgroup, "4:cpu,cpuacct:" + group + "\n0::" + group + "\n"},
                                       {kMounts, v1_mounts(group)},
                                       {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000"},
                                       {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000"}}));
  EXPECT_EQ(budget.cpus, 1);
  EXPECT_DOUBLE_EQ(budget.exact, 0.5);
  EXPECT_THAT(budget.explanation, HasSubstr("cgroup v1 quota 0.5 at /"));
}

TEST(CpuBudget, KeepsTheRestOfThePathBelowTheMountedRoot) {
  const CpuBudget budget =
      compute_cpu_budget(FakeFacts(8, {{kCgroup, "4:cpu,cpuacct:/outer/box/inner\n"},
                                       {kMounts, v1_mounts("/outer/box")},
                                       {"/sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_quota_us", "300000"},
                                       {"/sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_period_us", "100000"}}));
  EXPECT_EQ(budget.cpus, 3);
}

TEST(CpuBudget, DoesNotTakeANameThatBeginsAlikeForTheMountedRoot) {
  // "/outer/boxes" is not below "/outer/box"; the mount point is what there is.
  const CpuBudget budget =
      compute_cpu_budget(FakeFacts(8, {{kCgroup, "4:cpu,cpuacct:/outer/boxes\n"},
                                       {kMounts, v1_mounts("/outer/box")},
                                       {"/sys/fs/cgroup/cpu,cpuacctes/cpu.cfs_quota_us", "100000"},
                                       {"/sys/fs/cgroup/cpu,cpuacctes/cpu.cfs_period_us", "100000"},
                                       {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "500000"},
                                       {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000"}}));
  EXPECT_EQ(budget.cpus, 5);
}

TEST(CpuBudget, ReadsEachControllerOfAHybridSystemWhereItIs) {
  const CpuBudget budget =
      compute_cpu_budget(FakeFacts(16, {{kCgroup, "4:cpu,cpuacct:/job\n5:cpuset:/job\n0::/unified-job\n"},
                                        {kMounts, v1_mounts() + v2_mount("/", "/sys/fs/cgroup/unified")},
                                        {"/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "600000"},
                                        {"/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000"},
                                        {"/sys/fs/cgroup/cpuset/job/cpuset.cpus", "0-6"}}));
  EXPECT_EQ(budget.cpus, 6);
  EXPECT_EQ(budget.explanation, "6 CPUs: affinity 16, cgroup v1 quota 6 at /job, cpuset 7");
}

TEST(CpuBudget, SurvivesAUnifiedLineWithoutAUnifiedMount) {
  const CpuBudget budget =
      compute_cpu_budget(FakeFacts(4, {{kCgroup, "4:cpu,cpuacct:/\n0::/\n"},
                                       {kMounts, v1_mounts()},
                                       {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000"},
                                       {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000"}}));
  EXPECT_EQ(budget.cpus, 2);
}

TEST(CpuBudget, TakesTheEffectiveCpuSetOfVersion2) {
  const CpuBudget budget = compute_cpu_budget(FakeFacts(
      8, {{kCgroup, "0::/a/b\n"}, {kMounts, v2_mount()}, {"/sys/fs/cgroup/a/cpuset.cpus.effective", "1,3,5\n"}}));
  EXPECT_EQ(budget.cpus, 3);
  EXPECT_EQ(budget.explanation, "3 CPUs: affinity 8, cpuset 3");
}

TEST(CpuBudget, IgnoresCpuSetsThatAreNone) {
  for (const char* text : {"", "\n", "0-", "3-1", "a", "0,,2", "-1", "0-99999999", "0 1"}) {
    const CpuBudget budget = compute_cpu_budget(
        FakeFacts(8, {{kCgroup, "0::/\n"}, {kMounts, v2_mount()}, {"/sys/fs/cgroup/cpuset.cpus.effective", text}}));
    EXPECT_EQ(budget.cpus, 8) << "'" << text << "'";
  }
}

TEST(CpuBudget, IgnoresQuotasThatAreNone) {
  for (const char* text : {"", "max", "0 100000", "-5 100000", "100000 0", "x y", "1 2 3", "99999999999999999999 1"}) {
    const CpuBudget budget = compute_cpu_budget(
        FakeFacts(8, {{kCgroup, "0::/\n"}, {kMounts, v2_mount()}, {"/sys/fs/cgroup/cpu.max", text}}));
    EXPECT_EQ(budget.cpus, 8) << "'" << text << "'";
  }
}

TEST(CpuBudget, RoundsDownButForgivesATwentieth) {
  const auto cpus_for = [](const std::string& quota) {
    return compute_cpu_budget(
               FakeFacts(64,
                         {{kCgroup, "0::/\n"}, {kMounts, v2_mount()}, {"/sys/fs/cgroup/cpu.max", quota + " 100000"}}))
        .cpus;
  };
  EXPECT_EQ(cpus_for("1000"), 1);    // 0.01
  EXPECT_EQ(cpus_for("190000"), 1);  // 1.9
  EXPECT_EQ(cpus_for("196000"), 2);  // 1.96: meant as 2
  EXPECT_EQ(cpus_for("200000"), 2);
  EXPECT_EQ(cpus_for("299000"), 3);
  EXPECT_EQ(cpus_for("294000"), 2);
}

TEST(CpuBudget, UndoesTheEscapesOfMountinfo) {
  const CpuBudget budget = compute_cpu_budget(FakeFacts(8, {{kCgroup, "0::/with blank/x\n"},
                                                            {kMounts, v2_mount("/with\\040blank", "/mnt/c\\134g")},
                                                            {"/mnt/c\\g/x/cpu.max", "300000 100000"}}));
  EXPECT_EQ(budget.cpus, 3);
}

TEST(CpuBudget, PrefersTheMountThatContainsTheGroup) {
  // The same hierarchy is mounted twice; only the second mount shows the group's own files.
  const CpuBudget budget =
      compute_cpu_budget(FakeFacts(8, {{kCgroup, "0::/mine\n"},
                                       {kMounts, v2_mount("/other", "/mnt/other") + v2_mount("/", "/mnt/all")},
                                       {"/mnt/other/cpu.max", "100000 100000"},
                                       {"/mnt/all/mine/cpu.max", "500000 100000"}}));
  EXPECT_EQ(budget.cpus, 5);
}

TEST(CpuBudget, ReadsMountinfoWithOptionalFieldsOfAnyNumber) {
  const std::string none = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  const std::string three = "30 23 0:26 / /sys/fs/cgroup rw shared:1 master:2 unbindable - cgroup2 cgroup2 rw\n";
  for (const std::string& mounts : {none, three, "torn line\n30 23\n- - -\n" + none}) {
    const CpuBudget budget = compute_cpu_budget(
        FakeFacts(8, {{kCgroup, "0::/\n"}, {kMounts, mounts}, {"/sys/fs/cgroup/cpu.max", "400000 100000"}}));
    EXPECT_EQ(budget.cpus, 4) << mounts;
  }
}

TEST(CpuBudget, IsReplacedByTheOverride) {
  const FakeFacts machine(8, {{kCgroup, "0::/\n"}, {kMounts, v2_mount()}, {"/sys/fs/cgroup/cpu.max", "200000 100000"}});
  const CpuBudget budget = compute_cpu_budget(machine.with_override("12"));
  EXPECT_EQ(budget.cpus, 12);
  EXPECT_EQ(budget.exact, 12.0);
  EXPECT_EQ(budget.explanation, "12 CPUs: GANTRY_CPUS=12 instead of 2 (affinity 8, cgroup v2 quota 2 at /)");
  EXPECT_EQ(compute_cpu_budget(machine, 3).explanation,
            "3 CPUs: RuntimeOptions::cpus=3 instead of 2 (affinity 8, cgroup v2 quota 2 at /)");
  EXPECT_EQ(compute_cpu_budget(machine.with_override("12"), 3).exact, 3.0);
  EXPECT_EQ(compute_cpu_budget(machine.with_override("1")).cpus, 1);
  EXPECT_EQ(compute_cpu_budget(machine.with_override("4096")).cpus, 4096);
}

TEST(CpuBudget, NamesAnOverrideThatItIgnores) {
  for (const char* text : {"", "0", "-1", "4097", "two", "2.5", "2 ", "+2", "0x2", "99999999999999999999"}) {
    const CpuBudget budget = compute_cpu_budget(FakeFacts(3, {}).with_override(text));
    EXPECT_EQ(budget.cpus, 3) << "'" << text << "'";
    EXPECT_EQ(budget.explanation,
              "3 CPUs: affinity 3; GANTRY_CPUS='" + std::string(text) + "' is ignored: expected an integer of 1..4096");
  }
}

TEST(CpuBudget, TakesTheLeastQuotaOfAllAncestorsOfVersion1) {
  // The leaf is unlimited; its parent has 1.5.
  const CpuBudget budget =
      compute_cpu_budget(FakeFacts(8, {{kCgroup, "4:cpu,cpuacct:/pod/leaf\n"},
                                       {kMounts, v1_mounts()},
                                       {"/sys/fs/cgroup/cpu,cpuacct/pod/leaf/cpu.cfs_quota_us", "-1\n"},
                                       {"/sys/fs/cgroup/cpu,cpuacct/pod/leaf/cpu.cfs_period_us", "100000\n"},
                                       {"/sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_quota_us", "150000\n"},
                                       {"/sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_period_us", "100000\n"}}));
  EXPECT_EQ(budget.cpus, 1);
  EXPECT_THAT(budget.explanation, HasSubstr("cgroup v1 quota 1.5 at /pod"));
}

TEST(CpuBudget, SaysWhichListIsMissing) {
  EXPECT_THAT(compute_cpu_budget(FakeFacts(2, {{kCgroup, "0::/\n"}})).derivation,
              Contains("/proc/self/mountinfo: not readable"));
  EXPECT_THAT(compute_cpu_budget(FakeFacts(2, {{kMounts, v2_mount()}})).derivation,
              Contains("/proc/self/cgroup: not readable"));
  EXPECT_THAT(compute_cpu_budget(FakeFacts(2, {{kCgroup, "0::/\n"}, {kMounts, ""}})).derivation,
              Contains("no cgroup is mounted"));
}

// From a thread pinned to one CPU: the affinity of this one, and its own where the thread asked for is gone.
TEST(CpuBudget, TakesTheAffinityOfTheThreadAskedFor) {
  const int before = read_cpu_budget().cpus;
  if (before < 2) GTEST_SKIP() << "one CPU";
  const int thread_id = static_cast<int>(::gettid());
  std::thread([&] {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    CPU_SET(::sched_getcpu(), &mask);
    ASSERT_EQ(::sched_setaffinity(0, sizeof mask, &mask), 0);
    EXPECT_EQ(read_cpu_budget().cpus, 1);
    EXPECT_EQ(read_cpu_budget(thread_id).cpus, before);
    EXPECT_EQ(read_cpu_budget(0x7FFFFFFF).cpus, 1);
  }).join();
}

TEST(CpuBudget, OfThisProcessIsPlausible) {
  const CpuBudget budget = read_cpu_budget();
  EXPECT_GE(budget.cpus, 1);
  EXPECT_LE(budget.cpus, 4096);
  EXPECT_GT(budget.exact, 0.0);
  EXPECT_FALSE(budget.derivation.empty());
  EXPECT_THAT(budget.derivation.front(), Not(HasSubstr("unknown")));
}

TEST(CpuBudget, OfThisProcessObeysTheEnvironment) {
  ASSERT_EQ(::setenv("GANTRY_CPUS", "7", 1), 0);
  EXPECT_EQ(read_cpu_budget().cpus, 7);
  ASSERT_EQ(::unsetenv("GANTRY_CPUS"), 0);
  EXPECT_THAT(read_cpu_budget().explanation, Not(HasSubstr("GANTRY_CPUS")));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
