// SPDX-License-Identifier: Apache-2.0
// CpuThrottling: how often the kernel throttled this process's group because its CPU quota was used up.
#pragma once

#include <chrono>
#include <cstdint>
#include <gantry/export.hpp>
#include <optional>

#include "runtime/cgroup.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Counters of all processes in the group since it was created. A counter may decrease when the quota of another group
/// becomes the smallest, since the counters are then those of that group.
struct CpuThrottling {
  std::uint64_t periods = 0;                   ///< quota periods in which something ran
  std::uint64_t throttled_periods = 0;         ///< those of them that ended with the quota used up
  std::chrono::nanoseconds throttled_time{0};  ///< sum over CPUs
};

/// Reads cpu.stat of the group with the smallest quota, or of the process's own group if there is no quota. Throttling
/// by an ancestor with a larger quota, shared with other groups, is not seen. nullopt if the file is missing or has no
/// counters, as in the root group of v2.
std::optional<CpuThrottling> compute_cpu_throttling(const SystemFacts& facts);

/// Reads this process's counters. Never fails.
GANTRY_API std::optional<CpuThrottling> read_cpu_throttling();

}  // namespace gantry::inline GANTRY_ABI::detail
