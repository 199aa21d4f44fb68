// SPDX-License-Identifier: Apache-2.0
// Takes the minimum of all limits and records each one in the derivation.
#include "runtime/cpu_budget.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>

#include "runtime/cgroup.hpp"
#include "runtime/cpu_quota.hpp"
#include "runtime/proc_text.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr double kRoundingSlack = 0.05;

/// The number of CPUs in a list such as "0-3,7"; nullopt if the text is not such a list.
std::optional<int> count_cpus(std::string_view text) {
  const auto parts = words(text);
  if (parts.size() != 1) return std::nullopt;
  std::int64_t count = 0;
  for (const std::string_view range : split(parts[0], ',')) {
    const auto ends = split(range, '-');
    const auto low = parse_integer(ends[0]);
    const auto high = ends.size() == 2 ? parse_integer(ends[1]) : low;
    if (ends.size() > 2 || !low || !high || *low < 0 || *high < *low || *high > (1 << 20)) return std::nullopt;
    count += *high - *low + 1;
  }
  return static_cast<int>(count);
}

/// A limit, and its description.
struct Limit {
  double cpus = std::numeric_limits<double>::infinity();
  std::string text;
};

/// Collects limits, and records what was read.
class Derivation {
 public:
  explicit Derivation(const CpuFacts& facts) : facts_(facts) {}

  void look_at_affinity() {
    const int affinity = facts_.affinity();
    note("affinity: " + (affinity > 0 ? thousandths_text(affinity) : std::string("unknown")));
    if (affinity > 0) add({static_cast<double>(affinity), "affinity " + thousandths_text(affinity)});
  }

  void look_at_groups() {
    const Cgroups groups(facts_);
    if (const auto place = groups.find_v1("cpu")) add_quota(find_quota_v1(facts_, *place), "v1");
    if (const auto place = groups.find_v1("cpuset")) look_at_cpuset(*place, {"cpuset.effective_cpus", "cpuset.cpus"});
    if (const auto place = groups.find_v2()) {
      add_quota(find_quota_v2(facts_, *place), "v2");
      look_at_cpuset(*place, {"cpuset.cpus.effective"});
    }
    for (const std::string& complaint : groups.complaints()) note(complaint);
  }

  CpuBudget finish(int cpus) {
    CpuBudget budget;
    double least = std::numeric_limits<double>::infinity();
    std::string reasons;
    for (const Limit& limit : limits_) {
      least = std::min(least, limit.cpus);
      reasons += (reasons.empty() ? "" : ", ") + limit.text;
    }
    if (limits_.empty()) {
      least = 1.0;
      reasons = "no limit could be read";
    }
    budget.exact = least;
    budget.cpus = std::max(1, static_cast<int>(std::floor(least + kRoundingSlack)));
    if (const auto text = facts_.override_text()) apply_environment(*text, budget, reasons);
    if (cpus > 0) replace("RuntimeOptions::cpus", cpus, budget, reasons);
    budget.explanation = std::to_string(budget.cpus) + (budget.cpus == 1 ? " CPU: " : " CPUs: ") + reasons;
    budget.derivation = std::move(lines_);
    return budget;
  }

 private:
  void note(std::string line) { lines_.push_back(std::move(line)); }
  void add(Limit limit) { limits_.push_back(std::move(limit)); }

  void add_quota(const CpuQuota& quota, const char* version) {
    for (const std::string& line : quota.derivation) note(line);
    if (!std::isfinite(quota.cpus)) return;
    const std::string where = quota.directory.empty() ? "/" : quota.directory;
    add({quota.cpus, std::string("cgroup ") + version + " quota " + thousandths_text(quota.cpus) + " at " + where});
  }

  /// The effective set already includes the limits of the ancestors, so only the first readable one on the way up is
  /// used.
  void look_at_cpuset(const CgroupPlace& place, const std::vector<const char*>& names) {
    for (const std::string& directory : place.directories) {
      for (const char* name : names) {
        const std::string file = place.mount_point + directory + "/" + name;
        const auto content = facts_.read(file);
        const auto count = content ? count_cpus(*content) : std::nullopt;
        if (!count) continue;
        note(file + ": " + std::string(words(*content)[0]) + ", " + std::to_string(*count) + " CPUs");
        add({static_cast<double>(*count), "cpuset " + std::to_string(*count)});
        return;
      }
    }
    note(place.mount_point + place.directories.front() + "/" + names.front() + ": not readable");
  }

  void apply_environment(const std::string& text, CpuBudget& budget, std::string& reasons) {
    const auto wanted = parse_integer(text);
    if (!wanted || *wanted < 1 || *wanted > kMaxCpus) {
      const std::string complaint = "GANTRY_CPUS='" + text + "' is ignored: expected an integer of 1..4096";
      note(complaint);
      reasons += "; " + complaint;
      return;
    }
    replace("GANTRY_CPUS", static_cast<int>(*wanted), budget, reasons);
  }

  void replace(const std::string& source, int cpus, CpuBudget& budget, std::string& reasons) {
    const std::string text = std::to_string(cpus);
    note(source + ": " + text + ", instead of " + std::to_string(budget.cpus));
    reasons = source + "=" + text + " instead of " + std::to_string(budget.cpus) + " (" + reasons + ")";
    budget.cpus = cpus;
    budget.exact = cpus;
  }

  const CpuFacts& facts_;
  std::vector<Limit> limits_;
  std::vector<std::string> lines_;
};

class ProcessFacts final : public CpuFacts {
 public:
  explicit ProcessFacts(int thread_id) : thread_id_(thread_id) {}

  std::optional<std::string> read(const std::string& path) const override { return read_file(path); }

  /// Enlarges the mask until the kernel's fits: a machine may have more than the 1024 CPUs of cpu_set_t.
  int affinity() const override {
    for (std::size_t cpus = CPU_SETSIZE; cpus <= (std::size_t{1} << 20); cpus *= 2) {
      const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> mask(CPU_ALLOC(cpus), [](cpu_set_t* m) { CPU_FREE(m); });
      if (!mask) break;
      const std::size_t size = CPU_ALLOC_SIZE(cpus);
      if (::sched_getaffinity(thread_id_, size, mask.get()) == 0) return CPU_COUNT_S(size, mask.get());
      // The thread has ended: use the mask of this thread instead.
      if (errno == ESRCH && ::sched_getaffinity(0, size, mask.get()) == 0) return CPU_COUNT_S(size, mask.get());
    }
    const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? static_cast<int>(online) : 0;
  }

  std::optional<std::string> override_text() const override {
    const char* const text = std::getenv("GANTRY_CPUS");
    return text ? std::optional<std::string>(text) : std::nullopt;
  }

 private:
  int thread_id_;
};

}  // namespace

CpuBudget compute_cpu_budget(const CpuFacts& facts, int cpus) {
  Derivation derivation(facts);
  derivation.look_at_affinity();
  derivation.look_at_groups();
  return derivation.finish(cpus);
}

CpuBudget read_cpu_budget(int thread_id, int cpus) {
  return compute_cpu_budget(ProcessFacts(thread_id), cpus);
}

}  // namespace gantry::inline GANTRY_ABI::detail
