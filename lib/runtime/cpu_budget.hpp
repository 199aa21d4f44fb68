// SPDX-License-Identifier: Apache-2.0
// CpuBudget: the number of CPUs this process may use: the minimum of the affinity mask, the cpuset, and the CPU quotas
// of its control group and all ancestors, cgroup v1 and v2.
#pragma once

#include <gantry/export.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cgroup.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The largest number of CPUs that GANTRY_CPUS and RuntimeOptions::cpus accept.
constexpr int kMaxCpus = 4096;

struct CpuBudget {
  /// floor(exact + 0.05), at least 1: the threads that compute. A quota of 1.96 counts as 2, one of 1.9 as 1.
  int cpus = 1;
  /// The minimum of all limits, as a fractional number of CPUs: 1.5 for `docker run --cpus=1.5`. With an override: the
  /// override.
  double exact = 1.0;
  /// One line for logs: "2 CPUs: affinity 2, cgroup v2 quota 2.5 at /".
  std::string explanation;
  /// Every limit that was read, one line each, for `gantry doctor`.
  std::vector<std::string> derivation;
};

/// The source of the limits; tests substitute a fake machine.
class CpuFacts : public SystemFacts {
 public:
  /// CPUs in the thread's affinity mask; 0 if unknown.
  virtual int affinity() const = 0;
  /// The value of the environment variable GANTRY_CPUS; nullopt if it is not set.
  virtual std::optional<std::string> override_text() const = 0;
};

/// Computes the budget from `facts`. A limit that cannot be read or parsed is ignored. GANTRY_CPUS, an integer of
/// 1..4096, replaces the result; any other value is ignored and named in the explanation. `cpus` (RuntimeOptions::cpus)
/// replaces both unless it is 0.
CpuBudget compute_cpu_budget(const CpuFacts& facts, int cpus = 0);

/// Reads this process's budget. Never fails. The affinity is that of the thread with this id (Linux's gettid()), or of
/// the calling thread if the id is 0 or that thread has ended. `cpus`: as above.
GANTRY_API CpuBudget read_cpu_budget(int thread_id = 0, int cpus = 0);

}  // namespace gantry::inline GANTRY_ABI::detail
