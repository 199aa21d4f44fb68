// SPDX-License-Identifier: Apache-2.0
#include "runtime/cpu_throttling.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "runtime/cpu_quota.hpp"
#include "runtime/proc_text.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

std::optional<CpuThrottling> read_counters(const SystemFacts& facts, const std::string& directory, bool is_v2) {
  const auto stat = facts.read(directory + "/cpu.stat");
  if (!stat) return std::nullopt;
  const auto periods = find_value(*stat, "nr_periods");
  const auto throttled = find_value(*stat, "nr_throttled");
  const auto time = find_value(*stat, is_v2 ? "throttled_usec" : "throttled_time");
  if (!periods || !throttled || !time || *periods < 0 || *throttled < 0 || *time < 0) return std::nullopt;
  constexpr std::int64_t kNanosecondsPerMicrosecond = 1000;
  if (is_v2 && *time > std::numeric_limits<std::int64_t>::max() / kNanosecondsPerMicrosecond) return std::nullopt;
  return CpuThrottling{static_cast<std::uint64_t>(*periods), static_cast<std::uint64_t>(*throttled),
                       std::chrono::nanoseconds(is_v2 ? *time * kNanosecondsPerMicrosecond : *time)};
}

}  // namespace

std::optional<CpuThrottling> compute_cpu_throttling(const SystemFacts& facts) {
  const Cgroups groups(facts);
  const auto v1 = groups.find_v1("cpu");
  const auto v2 = groups.find_v2();
  const CpuQuota quota_v1 = v1 ? find_quota_v1(facts, *v1) : CpuQuota();
  const CpuQuota quota_v2 = v2 ? find_quota_v2(facts, *v2) : CpuQuota();
  // Without any quota, v1 is tried first: on a hybrid system the cpu.stat of v2 has no such counters.
  const bool is_v2 = v1 ? quota_v2.cpus < quota_v1.cpus : true;
  const auto& place = is_v2 ? v2 : v1;
  const CpuQuota& quota = is_v2 ? quota_v2 : quota_v1;
  if (!place) return std::nullopt;
  const std::string& directory = std::isfinite(quota.cpus) ? quota.directory : place->directories.front();
  return read_counters(facts, place->mount_point + directory, is_v2);
}

std::optional<CpuThrottling> read_cpu_throttling() {
  return compute_cpu_throttling(ProcessFiles());
}

}  // namespace gantry::inline GANTRY_ABI::detail
