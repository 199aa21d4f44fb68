// SPDX-License-Identifier: Apache-2.0
// MemoryBudget: the memory this process may use, and how much of it is in use. The limit is the minimum of physical
// memory and the limits of its control group and all ancestors, cgroup v1 and v2.
#pragma once

#include <cstdint>
#include <gantry/export.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cgroup.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct MemoryBudget {
  /// The minimum of all limits; nullopt if none could be read.
  std::optional<std::uint64_t> limit_bytes;
  /// Memory that counts against that limit: of all processes in the group, without the file cache that the kernel
  /// reclaims first. Usage of the whole machine if physical memory is the limit. nullopt if it could not be read.
  std::optional<std::uint64_t> usage_bytes;
  /// One line for logs: "512 MiB: physical 16 GiB, cgroup v2 limit 512 MiB at /app; 200 MiB in use".
  std::string explanation;
  /// Every file that was read, one line each, for `gantry doctor`.
  std::vector<std::string> derivation;
};

/// Computes the budget from `facts`. A limit that cannot be read or parsed is ignored.
MemoryBudget compute_memory_budget(const SystemFacts& facts);

/// Reads this process's budget. Never fails.
GANTRY_API MemoryBudget read_memory_budget();

}  // namespace gantry::inline GANTRY_ABI::detail
