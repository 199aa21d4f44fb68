// SPDX-License-Identifier: Apache-2.0
// A made-up machine of files, for what reads /proc and /sys/fs/cgroup.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "runtime/cgroup.hpp"

namespace gantry::inline GANTRY_ABI::detail {

constexpr const char* kCgroup = "/proc/self/cgroup";
constexpr const char* kMounts = "/proc/self/mountinfo";

/// The files not listed do not exist.
class FakeFiles final : public SystemFacts {
 public:
  explicit FakeFiles(std::map<std::string, std::string> files) : files_(std::move(files)) {}
  std::optional<std::string> read(const std::string& path) const override {
    const auto file = files_.find(path);
    return file == files_.end() ? std::nullopt : std::optional<std::string>(file->second);
  }

 private:
  std::map<std::string, std::string> files_;
};

inline std::string v2_mount(const std::string& root = "/", const std::string& point = "/sys/fs/cgroup") {
  return "22 1 0:20 / /proc rw shared:5 - proc proc rw\n"
         "30 23 0:26 " +
         root + " " + point + " rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
}

inline std::string v1_mounts(const std::string& root = "/") {
  return "33 25 0:29 " + root + " /sys/fs/cgroup/cpu,cpuacct rw shared:12 - cgroup cgroup rw,cpu,cpuacct\n" +
         "34 25 0:30 " + root + " /sys/fs/cgroup/cpuset rw shared:13 - cgroup cgroup rw,cpuset\n" + "35 25 0:31 " +
         root + " /sys/fs/cgroup/memory rw shared:14 - cgroup cgroup rw,memory\n";
}

}  // namespace gantry::inline GANTRY_ABI::detail
