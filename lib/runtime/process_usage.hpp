// SPDX-License-Identifier: Apache-2.0
// CPU time and memory used by this process.
#pragma once

#include <chrono>
#include <cstdint>
#include <gantry/export.hpp>
#include <optional>

#include "runtime/cgroup.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// 0 or nullopt for what the machine does not report.
struct ProcessMemory {
  std::uint64_t resident_bytes = 0;       ///< RSS now, pages shared with other processes included
  std::uint64_t peak_resident_bytes = 0;  ///< maximum since the process started
  /// PSS now: a page shared by n processes counts 1/n. nullopt if /proc/self/smaps_rollup is not readable.
  std::optional<std::uint64_t> proportional_bytes;
};

ProcessMemory compute_process_memory(const SystemFacts& facts);

/// Reads the memory use of this process. Never fails. Cost: for PSS the kernel walks all pages, milliseconds per
/// gigabyte.
GANTRY_API ProcessMemory read_process_memory();

/// CPU time of all threads, including those that have ended. Never fails.
GANTRY_API std::chrono::nanoseconds read_process_cpu_time();

}  // namespace gantry::inline GANTRY_ABI::detail
