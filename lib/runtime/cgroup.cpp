// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <utility>

#include "runtime/proc_text.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

bool lists(std::string_view comma_separated, std::string_view wanted) {
  const auto parts = split(comma_separated, ',');
  return std::find(parts.begin(), parts.end(), wanted) != parts.end();
}

/// Replaces the kernel's octal escapes: \040 (space), \011, \012 and \134.
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

/// The group's path in the hierarchy that has `controller`; v2 has a single hierarchy, whose line begins with "0::".
std::optional<std::string> group_path(std::string_view memberships, bool is_v2, std::string_view controller) {
  for (const std::string_view line : split(memberships, '\n')) {
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

}  // namespace

std::optional<std::string> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) return std::nullopt;
  std::string content;
  char buffer[4096];  // files under /proc report size 0, so read until the end
  while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, file.get())) content.append(buffer, got);
  if (std::ferror(file.get())) return std::nullopt;
  return content;
}

Cgroups::Cgroups(const SystemFacts& facts) {
  const auto memberships = facts.read("/proc/self/cgroup");
  const auto mountinfo = facts.read("/proc/self/mountinfo");
  if (!memberships) complaints_.emplace_back("/proc/self/cgroup: not readable");
  if (!mountinfo) complaints_.emplace_back("/proc/self/mountinfo: not readable");
  if (!memberships || !mountinfo) return;
  memberships_ = *memberships;
  mounts_ = parse_mounts(*mountinfo);
  if (mounts_.empty()) complaints_.emplace_back("no cgroup is mounted");
}

std::optional<CgroupPlace> Cgroups::find_v1(std::string_view controller) const {
  return find(false, controller);
}

std::optional<CgroupPlace> Cgroups::find_v2() const {
  return find(true, "");
}

std::vector<Cgroups::Mount> Cgroups::parse_mounts(std::string_view mountinfo) {
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

CgroupPlace Cgroups::make_place(const Mount& mount, std::string path) {
  // If the path leaves the cgroup namespace ("/.."), or is outside the mounted part, the group's directory is unknown:
  // use the mount point.
  const bool leaves = (path + "/").find("/../") != std::string::npos;
  if (leaves || !is_below(path, mount.root))
    path.clear();
  else if (mount.root != "/")
    path.erase(0, mount.root.size());
  while (!path.empty() && path.back() == '/') path.pop_back();
  CgroupPlace place{mount.point == "/" ? "" : mount.point, {}};
  while (!path.empty()) {
    place.directories.push_back(path);
    path.erase(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
  place.directories.emplace_back();
  return place;
}

/// Among several mounts of one hierarchy: the one that contains the group and shows the most of the hierarchy.
std::optional<CgroupPlace> Cgroups::find(bool is_v2, std::string_view controller) const {
  const auto path = group_path(memberships_, is_v2, controller);
  if (!path) return std::nullopt;
  const Mount* best = nullptr;
  for (const Mount& mount : mounts_) {
    if (is_v2 ? mount.type != "cgroup2" : mount.type != "cgroup" || !lists(mount.options, controller)) continue;
    const bool fits = is_below(*path, mount.root);
    const bool best_fits = best && is_below(*path, best->root);
    if (!best || (fits && (!best_fits || mount.root.size() < best->root.size()))) best = &mount;
  }
  if (!best) return std::nullopt;
  return make_place(*best, *path);
}

}  // namespace gantry::inline GANTRY_ABI::detail
