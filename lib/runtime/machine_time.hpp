// SPDX-License-Identifier: Apache-2.0
// MachineTime: what the CPUs that this process may use did since the machine started. Two of them say how much of a
// measured period was taken by the hypervisor, and how much by other processes.
#pragma once

#include <chrono>
#include <gantry/export.hpp>
#include <optional>

#include "runtime/cgroup.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct MachineTime {
  std::chrono::nanoseconds busy{0};    ///< spent on any process and in the kernel, summed over the CPUs
  std::chrono::nanoseconds stolen{0};  ///< a CPU wanted to run and the hypervisor ran something else
};

/// From the lines of single CPUs in /proc/stat that Cpus_allowed_list of /proc/self/status names, in steps of one
/// `tick`. Nothing where a file is missing or does not say it.
std::optional<MachineTime> compute_machine_time(const SystemFacts& facts, std::chrono::nanoseconds tick);

/// Reads this machine's, in steps of usually 10 ms. Never fails.
GANTRY_API std::optional<MachineTime> read_machine_time();

}  // namespace gantry::inline GANTRY_ABI::detail
