// SPDX-License-Identifier: Apache-2.0
// CpuQuota: the smallest CPU quota of a group and its ancestors. It limits the CPU budget, and the counters of the
// group that has it tell how often the process was throttled.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "runtime/cgroup.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct CpuQuota {
  /// As a fractional number of CPUs; infinity if no group has a quota.
  double cpus = std::numeric_limits<double>::infinity();
  /// The group that has this quota, relative to the mount point: "/app", or "" for the mount point itself.
  std::string directory;
  /// What each group specifies, one line each.
  std::vector<std::string> derivation;
};

/// Reads cpu.cfs_quota_us and cpu.cfs_period_us.
CpuQuota find_quota_v1(const SystemFacts& facts, const CgroupPlace& place);
/// Reads cpu.max.
CpuQuota find_quota_v2(const SystemFacts& facts, const CgroupPlace& place);

}  // namespace gantry::inline GANTRY_ABI::detail
