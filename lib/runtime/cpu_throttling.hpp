// SPDX-License-Identifier: Apache-2.0
// CpuThrottling: how often the kernel stopped this process's group because its CPU quota was used up.
#pragma once

#include <chrono>
#include <cstdint>
#include <gantry/export.hpp>
#include <optional>

#include "runtime/cgroup.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Counters since the group was made, of all processes in it. A counter may step back once, when another group's quota
/// becomes the least.
struct CpuThrottling {
  std::uint64_t periods = 0;                   ///< quota periods in which something ran
  std::uint64_t throttled_periods = 0;         ///< those of them that ended with the quota used up
  std::chrono::nanoseconds throttled_time{0};  ///< summed over CPUs
};

/// cpu.stat of the group whose quota is the least, or of the process's own group where there is no quota. What a group
/// above with a larger quota, shared with others, costs is not seen. Nothing if the file is missing or has no counters,
/// as in the root group of v2.
std::optional<CpuThrottling> compute_cpu_throttling(const SystemFacts& facts);

/// Reads this process's counters. Never fails.
GANTRY_API std::optional<CpuThrottling> read_cpu_throttling();

}  // namespace gantry::inline GANTRY_ABI::detail
