// SPDX-License-Identifier: Apache-2.0
// Finds the control groups of this process and takes the least limit on the way up.
//
// Where a group's files are depends on two lists: /proc/self/cgroup names the group within its hierarchy, and
// /proc/self/mountinfo says which part of the hierarchy is mounted where. In a container the mounted part often begins
// at the container's own group, so that the two paths overlap.
#include "runtime/cpu_budget.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>

namespace gantry::detail {
namespace {

constexpr int kMaxOverride = 4096;
constexpr double kRoundingSlack = 0.05;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// The words of a line or a file, whatever white space is between them.
std::vector<std::string_view> words(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  std::vector<std::string_view> found;
  for (std::size_t begin = text.find_first_not_of(kSpace); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kSpace, begin), text.size());
    found.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kSpace, end);
  }
  return found;
}

bool lists(std::string_view comma_separated, std::string_view wanted) {
  const auto parts = split(comma_separated, ',');
  return std::find(parts.begin(), parts.end(), wanted) != parts.end();
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Undoes the kernel's \040 for a blank, \011, \012 and \134.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octal = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

/// "2", "1.5": three digits after the point at most.
std::string to_text(double number) {
  const long long thousandths = std::llround(number * 1000);
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%lld.%03lld", thousandths / 1000, thousandths % 1000);
  std::string text = buffer;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

/// One line of mountinfo.
struct Mount {
  std::string root;   // the part of the hierarchy that is mounted
  std::string point;  // where
  std::string type;   // "cgroup" or "cgroup2"
  std::string options;
};

std::vector<Mount> parse_mounts(std::string_view mountinfo) {
  std::vector<Mount> mounts;
  for (const std::string_view line : split(mountinfo, '\n')) {
    const auto fields = words(line);
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 6 || fields.end() - dash < 4 || dash - fields.begin() < 6) continue;
    if (dash[1] != "cgroup" && dash[1] != "cgroup2") continue;
    mounts.push_back({unescaped(fields[3]), unescaped(fields[4]), std::string(dash[1]), std::string(dash[3])});
  }
  return mounts;
}

/// The group's path in the hierarchy that has `controller`; v2 has one hierarchy for all, marked "0::".
std::optional<std::string> group_path(std::string_view cgroups, bool is_v2, std::string_view controller) {
  for (const std::string_view line : split(cgroups, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const bool is_wanted = is_v2 ? line.substr(0, first) == "0" && controllers.empty() : lists(controllers, controller);
    if (is_wanted) return std::string(line.substr(second + 1));
  }
  return std::nullopt;
}

bool is_below(const std::string& path, const std::string& root) {
  if (root == "/") return true;
  return path.compare(0, root.size(), root) == 0 && (path.size() == root.size() || path[root.size()] == '/');
}

/// A group's place: `mount_point` + each of `directories`, from the group itself up to the mount point ("").
struct Place {
  std::string mount_point;
  std::vector<std::string> directories;
};

Place make_place(const Mount& mount, std::string path) {
  // A path that leaves the namespace, or is outside what is mounted, says nothing; the mount point is what there is.
  const bool leaves = (path + "/").find("/../") != std::string::npos;
  if (leaves || !is_below(path, mount.root))
    path.clear();
  else if (mount.root != "/")
    path.erase(0, mount.root.size());
  while (!path.empty() && path.back() == '/') path.pop_back();
  Place place{mount.point == "/" ? "" : mount.point, {}};
  while (!path.empty()) {
    place.directories.push_back(path);
    path.erase(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
  place.directories.emplace_back();
  return place;
}

/// Among several mounts of one hierarchy: one that contains the group, the widest first.
std::optional<Place> find_place(const std::vector<Mount>& mounts, std::string_view cgroups, bool is_v2,
                                std::string_view controller) {
  const auto path = group_path(cgroups, is_v2, controller);
  if (!path) return std::nullopt;
  const Mount* best = nullptr;
  for (const Mount& mount : mounts) {
    if (is_v2 ? mount.type != "cgroup2" : mount.type != "cgroup" || !lists(mount.options, controller)) continue;
    const bool fits = is_below(*path, mount.root);
    const bool best_fits = best && is_below(*path, best->root);
    if (!best || (fits && (!best_fits || mount.root.size() < best->root.size()))) best = &mount;
  }
  if (!best) return std::nullopt;
  return make_place(*best, *path);
}

/// How many CPUs "0-3,7" names; nothing if it is no such list.
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

/// A limit, and the words for it.
struct Limit {
  double cpus = std::numeric_limits<double>::infinity();
  std::string text;
};

/// Collects limits, and writes down what it saw.
class Derivation {
 public:
  explicit Derivation(const CpuFacts& facts) : facts_(facts) {}

  void look_at_affinity() {
    const int affinity = facts_.affinity();
    note("affinity: " + (affinity > 0 ? to_text(affinity) : std::string("unknown")));
    if (affinity > 0) add({static_cast<double>(affinity), "affinity " + to_text(affinity)});
  }

  void look_at_groups() {
    const auto cgroups = facts_.read("/proc/self/cgroup");
    const auto mountinfo = facts_.read("/proc/self/mountinfo");
    if (!cgroups) note("/proc/self/cgroup: not readable");
    if (!mountinfo) note("/proc/self/mountinfo: not readable");
    if (!cgroups || !mountinfo) return;
    const auto mounts = parse_mounts(*mountinfo);
    // On a hybrid system each controller is in one hierarchy only, and its files are missing in the other.
    if (const auto place = find_place(mounts, *cgroups, false, "cpu")) look_at_quota_v1(*place);
    if (const auto place = find_place(mounts, *cgroups, false, "cpuset"))
      look_at_cpuset(*place, {"cpuset.effective_cpus", "cpuset.cpus"});
    if (const auto place = find_place(mounts, *cgroups, true, "")) {
      look_at_quota_v2(*place);
      look_at_cpuset(*place, {"cpuset.cpus.effective"});
    }
    if (mounts.empty()) note("no cgroup is mounted");
  }

  CpuBudget finish() {
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
    if (const auto text = facts_.override_text()) apply_override(*text, budget, reasons);
    budget.explanation = std::to_string(budget.cpus) + (budget.cpus == 1 ? " CPU: " : " CPUs: ") + reasons;
    budget.derivation = std::move(lines_);
    return budget;
  }

 private:
  void note(std::string line) { lines_.push_back(std::move(line)); }
  void add(Limit limit) { limits_.push_back(std::move(limit)); }

  /// Keeps the least quota on the way up.
  struct LeastQuota {
    double cpus = std::numeric_limits<double>::infinity();
    std::string directory;
    void offer(double quota, const std::string& where) {
      if (quota >= cpus) return;
      cpus = quota;
      directory = where.empty() ? "/" : where;
    }
  };

  void add_quota(const LeastQuota& least, const char* version) {
    if (std::isfinite(least.cpus))
      add({least.cpus, std::string("cgroup ") + version + " quota " + to_text(least.cpus) + " at " + least.directory});
  }

  /// The quota in CPUs if it is one: a period, and a quota that is neither "max" nor -1.
  double note_quota(const std::string& file, std::string_view quota, std::string_view period) {
    const auto runtime_us = parse_integer(quota);
    const auto period_us = parse_integer(period);
    const std::string seen = file + ": " + std::string(quota) + " " + std::string(period);
    if (!runtime_us || !period_us || *runtime_us <= 0 || *period_us <= 0) {
      note(seen + ", no limit");
      return std::numeric_limits<double>::infinity();
    }
    const double cpus = static_cast<double>(*runtime_us) / static_cast<double>(*period_us);
    note(seen + ", quota " + to_text(cpus));
    return cpus;
  }

  void look_at_quota_v1(const Place& place) {
    LeastQuota least;
    for (const std::string& directory : place.directories) {
      const std::string base = place.mount_point + directory + "/cpu.cfs_quota_us";
      const auto quota = facts_.read(base);
      const auto period = facts_.read(place.mount_point + directory + "/cpu.cfs_period_us");
      if (!quota || !period) {
        note(base + ": not readable");
        continue;
      }
      const auto quota_words = words(*quota);
      const auto period_words = words(*period);
      if (quota_words.size() == 1 && period_words.size() == 1)
        least.offer(note_quota(base, quota_words[0], period_words[0]), directory);
      else
        note(base + ": not understood");
    }
    add_quota(least, "v1");
  }

  void look_at_quota_v2(const Place& place) {
    LeastQuota least;
    for (const std::string& directory : place.directories) {
      const std::string file = place.mount_point + directory + "/cpu.max";
      const auto content = facts_.read(file);
      if (!content) {
        note(file + ": not readable");
        continue;
      }
      const auto parts = words(*content);
      if (parts.size() == 2)
        least.offer(note_quota(file, parts[0], parts[1]), directory);
      else
        note(file + ": not understood");
    }
    add_quota(least, "v2");
  }

  /// The effective set already is what the groups above allow; the first readable one on the way up counts.
  void look_at_cpuset(const Place& place, const std::vector<const char*>& names) {
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

  void apply_override(const std::string& text, CpuBudget& budget, std::string& reasons) {
    const auto wanted = parse_integer(text);
    if (!wanted || *wanted < 1 || *wanted > kMaxOverride) {
      const std::string complaint = "GANTRY_CPUS='" + text + "' is ignored: expected an integer of 1..4096";
      note(complaint);
      reasons += "; " + complaint;
      return;
    }
    note("GANTRY_CPUS: " + text + ", instead of " + std::to_string(budget.cpus));
    reasons = "GANTRY_CPUS=" + text + " instead of " + std::to_string(budget.cpus) + " (" + reasons + ")";
    budget.cpus = static_cast<int>(*wanted);
    budget.exact = static_cast<double>(*wanted);
  }

  const CpuFacts& facts_;
  std::vector<Limit> limits_;
  std::vector<std::string> lines_;
};

class ProcessFacts final : public CpuFacts {
 public:
  std::optional<std::string> read(const std::string& path) const override {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
    if (!file) return std::nullopt;
    std::string content;
    char buffer[4096];  // such files say their size is 0
    while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, file.get())) content.append(buffer, got);
    if (std::ferror(file.get())) return std::nullopt;
    return content;
  }

  /// Grows the mask until the kernel's fits: a machine may have more than the 1024 CPUs of cpu_set_t.
  int affinity() const override {
    for (std::size_t cpus = CPU_SETSIZE; cpus <= (std::size_t{1} << 20); cpus *= 2) {
      const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> mask(CPU_ALLOC(cpus), [](cpu_set_t* m) { CPU_FREE(m); });
      if (!mask) break;
      const std::size_t size = CPU_ALLOC_SIZE(cpus);
      if (::sched_getaffinity(0, size, mask.get()) == 0) return CPU_COUNT_S(size, mask.get());
    }
    const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? static_cast<int>(online) : 0;
  }

  std::optional<std::string> override_text() const override {
    const char* const text = std::getenv("GANTRY_CPUS");
    return text ? std::optional<std::string>(text) : std::nullopt;
  }
};

}  // namespace

CpuBudget compute_cpu_budget(const CpuFacts& facts) {
  Derivation derivation(facts);
  derivation.look_at_affinity();
  derivation.look_at_groups();
  return derivation.finish();
}

CpuBudget read_cpu_budget() {
  return compute_cpu_budget(ProcessFacts());
}

}  // namespace gantry::detail
