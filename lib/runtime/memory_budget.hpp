// SPDX-License-Identifier: Apache-2.0
// MemoryBudget: how much memory this process may use, and how much of that is in use: the least of physical memory and
// the limit of every control group above it, cgroup v1 and v2.
#pragma once

#include <cstdint>
#include <gantry/export.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cgroup.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct MemoryBudget {
  /// The least of all limits; nothing if none could be read.
  std::optional<std::uint64_t> limit_bytes;
  /// What counts against that limit, all processes of the group together, without the file cache that the kernel drops
  /// first. Of the machine, where no group has the least limit. Nothing if it could not be read.
  std::optional<std::uint64_t> usage_bytes;
  /// One line for logs: "512 MiB: physical 16 GiB, cgroup v2 limit 512 MiB at /app; 200 MiB in use".
  std::string explanation;
  /// Every file looked at, one line each, for `gantry doctor`.
  std::vector<std::string> derivation;
};

/// The budget that follows from `facts`. What cannot be read or understood does not limit.
MemoryBudget compute_memory_budget(const SystemFacts& facts);

/// Reads this process's budget. Never fails.
GANTRY_API MemoryBudget read_memory_budget();

}  // namespace gantry::inline GANTRY_ABI::detail
