// SPDX-License-Identifier: Apache-2.0
// MachineTime: the time that the CPUs of this process were busy or stolen since the machine started. The difference of
// two readings tells how much of a measured period the hypervisor took, and how much other processes.
#pragma once

#include <chrono>
#include <gantry/export.hpp>
#include <optional>

#include "runtime/cgroup.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct MachineTime {
  std::chrono::nanoseconds busy{0};    ///< any process and the kernel, sum over the CPUs
  std::chrono::nanoseconds stolen{0};  ///< a CPU had work while the hypervisor ran something else
};

/// Sums the "cpuN" lines of /proc/stat for the CPUs in Cpus_allowed_list of /proc/self/status. Resolution: one `tick`.
/// nullopt if a file or a field is missing.
std::optional<MachineTime> compute_machine_time(const SystemFacts& facts, std::chrono::nanoseconds tick);

/// Reads the times of this machine; the resolution is usually 10 ms. Never fails: nullopt if unknown.
GANTRY_API std::optional<MachineTime> read_machine_time();

}  // namespace gantry::inline GANTRY_ABI::detail
