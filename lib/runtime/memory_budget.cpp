// SPDX-License-Identifier: Apache-2.0
// Takes the minimum of all limits, and reads the usage of the group that has it.
#include "runtime/memory_budget.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "runtime/proc_text.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// v1 reports "no limit" as the largest multiple of the page size that fits; pages are at most 64 KiB.
constexpr std::int64_t kNoLimit = 0x7FFFFFFFFFFF0000;

/// File names of one cgroup version.
struct Files {
  const char* version;
  const char* limit;
  const char* usage;
  const char* inactive_file;  // key in memory.stat; includes the descendants
};
constexpr Files kV1 = {"v1", "/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_inactive_file"};
constexpr Files kV2 = {"v2", "/memory.max", "/memory.current", "inactive_file"};

/// "512 MiB", "1.5 GiB".
std::string size_text(std::int64_t bytes) {
  const double mebibytes = static_cast<double>(bytes) / (1 << 20);
  return mebibytes < 1024 ? thousandths_text(mebibytes) + " MiB" : thousandths_text(mebibytes / 1024) + " GiB";
}

/// A group that has a limit.
struct Group {
  std::int64_t limit_bytes;
  std::string path;  // path of its directory
  std::string name;  // relative to the mount point
  const Files* files;
};

class Derivation {
 public:
  explicit Derivation(const SystemFacts& facts) : facts_(facts), meminfo_(facts.read("/proc/meminfo").value_or("")) {}

  MemoryBudget compute() {
    const auto physical = look_at_meminfo("MemTotal:");
    if (physical) add_reason("physical " + size_text(*physical));
    const Cgroups groups(facts_);
    std::optional<Group> least;
    if (const auto place = groups.find_v1("memory")) look_at_groups(*place, kV1, least);
    if (const auto place = groups.find_v2()) look_at_groups(*place, kV2, least);
    for (const std::string& complaint : groups.complaints()) note(complaint);

    const bool group_binds = least && (!physical || least->limit_bytes < *physical);
    const auto limit = group_binds ? std::optional<std::int64_t>(least->limit_bytes) : physical;
    std::optional<std::int64_t> usage;
    if (group_binds)
      usage = usage_of(*least);
    else if (physical)
      usage = usage_of_machine(*physical);
    MemoryBudget budget;
    if (limit) budget.limit_bytes = static_cast<std::uint64_t>(*limit);
    if (usage) budget.usage_bytes = static_cast<std::uint64_t>(*usage);
    budget.explanation = limit ? size_text(*limit) + ": " + reasons_ : "unknown: no limit could be read";
    budget.explanation += usage ? "; " + size_text(*usage) + " in use" : "; an unknown amount in use";
    budget.derivation = std::move(lines_);
    return budget;
  }

 private:
  void note(std::string line) { lines_.push_back(std::move(line)); }
  void add_reason(const std::string& reason) { reasons_ += (reasons_.empty() ? "" : ", ") + reason; }

  std::optional<std::int64_t> look_at_meminfo(const std::string& key) {
    const auto kibibytes = find_value(meminfo_, key);
    if (!kibibytes || *kibibytes < 0 || *kibibytes > kNoLimit / 1024) {
      note("/proc/meminfo: no " + key.substr(0, key.size() - 1));
      return std::nullopt;
    }
    note("/proc/meminfo: " + key + " " + size_text(*kibibytes * 1024));
    return *kibibytes * 1024;
  }

  /// Among equal limits the outermost group counts: its usage includes that of its descendants, so its limit is reached
  /// first.
  void look_at_groups(const CgroupPlace& place, const Files& files, std::optional<Group>& least) {
    std::optional<Group> own;
    for (const std::string& directory : place.directories) {
      const std::string path = place.mount_point + directory;
      const auto limit = look_at_limit(path + files.limit);
      if (!limit || (own && *limit > own->limit_bytes)) continue;
      own = Group{*limit, path, directory.empty() ? "/" : directory, &files};
    }
    if (!own) return;
    add_reason(std::string("cgroup ") + files.version + " limit " + size_text(own->limit_bytes) + " at " + own->name);
    if (!least || own->limit_bytes < least->limit_bytes) least = std::move(own);
  }

  std::optional<std::int64_t> look_at_limit(const std::string& file) {
    const auto content = facts_.read(file);
    if (!content) {
      note(file + ": not readable");
      return std::nullopt;
    }
    const auto parts = words(*content);
    const auto bytes = parts.size() == 1 ? parse_integer(parts[0]) : std::nullopt;
    const std::string seen = file + ": " + (parts.empty() ? std::string() : std::string(parts[0]));
    if (!bytes || *bytes <= 0 || *bytes >= kNoLimit) {
      note(seen + ", no limit");
      return std::nullopt;
    }
    note(seen + ", limit " + size_text(*bytes));
    return bytes;
  }

  std::optional<std::int64_t> usage_of(const Group& group) {
    const std::string file = group.path + group.files->usage;
    const auto content = facts_.read(file);
    const auto parts = words(content ? std::string_view(*content) : std::string_view());
    const auto usage = parts.size() == 1 ? parse_integer(parts[0]) : std::nullopt;
    if (!usage || *usage < 0) {
      note(file + (content ? ": not understood" : ": not readable"));
      return std::nullopt;
    }
    const std::string stat = group.path + "/memory.stat";
    const auto inactive = find_value(facts_.read(stat).value_or(""), group.files->inactive_file);
    note(file + ": " + size_text(*usage));
    if (!inactive || *inactive < 0) {
      note(stat + ": no " + group.files->inactive_file);
      return usage;
    }
    note(stat + ": " + group.files->inactive_file + " " + size_text(*inactive));
    return std::max<std::int64_t>(0, *usage - *inactive);
  }

  std::optional<std::int64_t> usage_of_machine(std::int64_t physical) {
    const auto available = look_at_meminfo("MemAvailable:");
    return available ? std::optional<std::int64_t>(std::max<std::int64_t>(0, physical - *available)) : std::nullopt;
  }

  const SystemFacts& facts_;
  std::string meminfo_;
  std::string reasons_;
  std::vector<std::string> lines_;
};

}  // namespace

MemoryBudget compute_memory_budget(const SystemFacts& facts) {
  return Derivation(facts).compute();
}

MemoryBudget read_memory_budget() {
  return compute_memory_budget(ProcessFiles());
}

}  // namespace gantry::inline GANTRY_ABI::detail
