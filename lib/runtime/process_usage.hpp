// SPDX-License-Identifier: Apache-2.0
// What this process has used of the CPUs and of memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <gantry/export.hpp>
#include <optional>

#include "runtime/cgroup.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// 0 or nothing where the machine does not say it.
struct ProcessMemory {
  std::uint64_t resident_bytes = 0;       ///< RSS now, pages shared with other processes included
  std::uint64_t peak_resident_bytes = 0;  ///< the most since the process started
  /// PSS now: shared pages count by their share of this process. Nothing where /proc/self/smaps_rollup is not readable.
  std::optional<std::uint64_t> proportional_bytes;
};

ProcessMemory compute_process_memory(const SystemFacts& facts);

/// Reads this process's. Never fails. Cost: the kernel walks all pages for PSS, milliseconds a gigabyte.
GANTRY_API ProcessMemory read_process_memory();

/// CPU time of all threads, those that have ended included. Never fails.
GANTRY_API std::chrono::nanoseconds read_process_cpu_time();

}  // namespace gantry::inline GANTRY_ABI::detail
