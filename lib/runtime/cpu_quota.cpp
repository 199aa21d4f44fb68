// SPDX-License-Identifier: Apache-2.0
#include "runtime/cpu_quota.hpp"

#include <string_view>
#include <utility>

#include "runtime/proc_text.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Keeps the smallest quota on the way up.
class QuotaSearch {
 public:
  void note(std::string line) { least_.derivation.push_back(std::move(line)); }

  /// "max" (v2), -1 (v1) and a missing period mean that there is no quota.
  void offer(const std::string& file, std::string_view quota, std::string_view period, const std::string& directory) {
    const auto runtime_us = parse_integer(quota);
    const auto period_us = parse_integer(period);
    const std::string seen = file + ": " + std::string(quota) + " " + std::string(period);
    if (!runtime_us || !period_us || *runtime_us <= 0 || *period_us <= 0) {
      note(seen + ", no limit");
      return;
    }
    const double cpus = static_cast<double>(*runtime_us) / static_cast<double>(*period_us);
    note(seen + ", quota " + thousandths_text(cpus));
    if (cpus >= least_.cpus) return;
    least_.cpus = cpus;
    least_.directory = directory;
  }

  CpuQuota finish() { return std::move(least_); }

 private:
  CpuQuota least_;
};

}  // namespace

CpuQuota find_quota_v1(const SystemFacts& facts, const CgroupPlace& place) {
  QuotaSearch search;
  for (const std::string& directory : place.directories) {
    const std::string file = place.mount_point + directory + "/cpu.cfs_quota_us";
    const auto quota = facts.read(file);
    const auto period = facts.read(place.mount_point + directory + "/cpu.cfs_period_us");
    if (!quota || !period) {
      search.note(file + ": not readable");
      continue;
    }
    const auto quota_words = words(*quota);
    const auto period_words = words(*period);
    if (quota_words.size() == 1 && period_words.size() == 1)
      search.offer(file, quota_words[0], period_words[0], directory);
    else
      search.note(file + ": not understood");
  }
  return search.finish();
}

CpuQuota find_quota_v2(const SystemFacts& facts, const CgroupPlace& place) {
  QuotaSearch search;
  for (const std::string& directory : place.directories) {
    const std::string file = place.mount_point + directory + "/cpu.max";
    const auto content = facts.read(file);
    if (!content) {
      search.note(file + ": not readable");
      continue;
    }
    const auto parts = words(*content);
    if (parts.size() == 2)
      search.offer(file, parts[0], parts[1], directory);
    else
      search.note(file + ": not understood");
  }
  return search.finish();
}

}  // namespace gantry::inline GANTRY_ABI::detail
