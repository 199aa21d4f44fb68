// SPDX-License-Identifier: Apache-2.0
// MachineWatch: the CPU time and memory of a measurement, and whether the machine disturbed it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cpu_throttling.hpp"
#include "runtime/machine_time.hpp"
#include "runtime/process_usage.hpp"

namespace gantry::inline GANTRY_ABI::cli {

/// Use of the machine in one or several measured periods.
struct MachineUse {
  std::chrono::nanoseconds elapsed{0};
  std::chrono::nanoseconds cpu_time{0};  ///< of this process, including the load threads
  std::uint64_t throttled_periods = 0;   ///< quota periods in which the control group was stopped
  std::chrono::nanoseconds throttled{0};
  std::chrono::nanoseconds stolen{0};  ///< by the hypervisor, from all processes on the allowed CPUs
  std::chrono::nanoseconds others{0};  ///< CPU time of other processes on the allowed CPUs
  detail::ProcessMemory memory;        ///< at the end

  MachineUse& operator+=(const MachineUse& later);
  /// CPUs that other processes kept busy, on average.
  double others_cpus() const;
};

/// Why a measurement is invalid, one sentence per cause. The process was throttled for more than 1 % of the CPU time
/// that it used or would have used; or the hypervisor stole more than 1 % of the time on its CPUs, and at least 50 ms
/// (steal is counted in ticks of 10 ms). Empty if nothing disturbed it.
std::vector<std::string> noise_in(const MachineUse& use);

/// Ownership: a value.
/// Threads:   one thread.
/// Errors:    none; a counter that the machine lacks stays 0.
/// Cost:      begin() and end() read six small files each.
class MachineWatch {
 public:
  void begin();
  /// The use since begin().
  MachineUse end() const;

 private:
  struct Counters {
    std::chrono::steady_clock::time_point time;
    std::chrono::nanoseconds cpu_time{0};
    std::optional<detail::CpuThrottling> throttling;
    std::optional<detail::MachineTime> machine;
  };
  static Counters read();

  Counters before_;
};

}  // namespace gantry::inline GANTRY_ABI::cli
