// SPDX-License-Identifier: Apache-2.0
// CpuBudget: how many CPUs this process may really use: the least of the affinity mask, the cpuset and the CPU quota of
// every control group above it, cgroup v1 and v2.
#pragma once

#include <gantry/export.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cgroup.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The most CPUs that an override may name.
constexpr int kMaxCpus = 4096;

struct CpuBudget {
  /// floor(exact + 0.05), at least 1: the threads that compute. A quota of 1.96 counts as 2, one of 1.9 as 1.
  int cpus = 1;
  /// The least of all limits, as a fraction of CPUs: 1.5 for `--cpus=1.5`. With an override: the override.
  double exact = 1.0;
  /// One line for logs: "2 CPUs: affinity 2, cgroup v2 quota 2.5 at /".
  std::string explanation;
  /// Every limit looked at, one line each, for `gantry doctor`.
  std::vector<std::string> derivation;
};

/// Where the limits are read; tests put a made-up machine here.
class CpuFacts : public SystemFacts {
 public:
  /// CPUs in the thread's affinity mask; 0 if unknown.
  virtual int affinity() const = 0;
  /// The text of the environment variable GANTRY_CPUS, if it is set.
  virtual std::optional<std::string> override_text() const = 0;
};

/// The budget that follows from `facts`. What cannot be read or understood does not limit.
/// GANTRY_CPUS, an integer of 1..4096, replaces the result; any other text in it is named in the explanation and
/// ignored. `cpus`, which is RuntimeOptions::cpus, replaces both unless it is 0.
CpuBudget compute_cpu_budget(const CpuFacts& facts, int cpus = 0);

/// Reads this process's budget. Never fails. The affinity is that of the thread with this id (Linux's gettid()), or of
/// the calling thread if the id is 0 or no such thread is left. `cpus` as above.
GANTRY_API CpuBudget read_cpu_budget(int thread_id = 0, int cpus = 0);

}  // namespace gantry::inline GANTRY_ABI::detail
