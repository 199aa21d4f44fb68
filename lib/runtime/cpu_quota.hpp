// SPDX-License-Identifier: Apache-2.0
// CpuQuota: the least CPU quota of a group and the groups above it. It limits the CPU budget, and its group's counters
// tell how often the process was stopped.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "runtime/cgroup.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct CpuQuota {
  /// As a fraction of CPUs; infinity if no group has one.
  double cpus = std::numeric_limits<double>::infinity();
  /// The group that has it, below the mount point: "/app", "" for the mount point itself.
  std::string directory;
  /// What each group says, one line each.
  std::vector<std::string> derivation;
};

/// cpu.cfs_quota_us and cpu.cfs_period_us.
CpuQuota find_quota_v1(const SystemFacts& facts, const CgroupPlace& place);
/// cpu.max.
CpuQuota find_quota_v2(const SystemFacts& facts, const CgroupPlace& place);

}  // namespace gantry::inline GANTRY_ABI::detail
