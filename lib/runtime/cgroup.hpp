// SPDX-License-Identifier: Apache-2.0
// Finds the files of this process's control groups, v1 and v2. Shared by the CPU and the memory budget.
//
// The path follows from two files: /proc/self/cgroup names the group within its hierarchy, and /proc/self/mountinfo
// says which part of the hierarchy is mounted the mount point. In a container the mounted part often begins at the
// container's own group, so that the two paths overlap.
#pragma once

#include <gantry/version.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// The files of a machine; tests substitute a fake machine.
class SystemFacts {
 public:
  virtual ~SystemFacts() = default;
  /// A file's content; nullopt if it cannot be read.
  virtual std::optional<std::string> read(const std::string& path) const = 0;
};

/// The content of a file of this machine; nullopt if it cannot be read. Also reads files whose reported size is 0, as
/// those under /proc.
std::optional<std::string> read_file(const std::string& path);

/// The files of this machine.
class ProcessFiles final : public SystemFacts {
 public:
  std::optional<std::string> read(const std::string& path) const override { return read_file(path); }
};

/// The directories of a group and its ancestors: `mount_point` + each of `directories`, from the group itself up to the
/// mount point ("").
struct CgroupPlace {
  std::string mount_point;
  std::vector<std::string> directories;
};

/// The control groups this process is in.
///
/// Threads: immutable.
class Cgroups {
 public:
  explicit Cgroups(const SystemFacts& facts);

  /// The group of a v1 controller: "cpu", "cpuset" or "memory". On a hybrid system (v1 and v2 mounted) each controller
  /// is in one hierarchy only, and its files are missing in the other.
  std::optional<CgroupPlace> find_v1(std::string_view controller) const;
  /// The group in the single hierarchy of v2.
  std::optional<CgroupPlace> find_v2() const;
  /// What could not be read, one line each, for CpuBudget::derivation and MemoryBudget::derivation.
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  /// One line of mountinfo.
  struct Mount {
    std::string root;   // the part of the hierarchy that is mounted at `point`
    std::string point;  // where
    std::string type;   // "cgroup" or "cgroup2"
    std::string options;
  };
  static std::vector<Mount> parse_mounts(std::string_view mountinfo);
  static CgroupPlace make_place(const Mount& mount, std::string path);
  std::optional<CgroupPlace> find(bool is_v2, std::string_view controller) const;

  std::string memberships_;  // /proc/self/cgroup
  std::vector<Mount> mounts_;
  std::vector<std::string> complaints_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
