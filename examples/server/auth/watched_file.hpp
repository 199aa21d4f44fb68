// SPDX-License-Identifier: Apache-2.0
// WatchedFile: whether a file was written or replaced, for secrets and certificates that are renewed while the server
// runs.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <string>
#include <utility>

namespace gantry_server {

/// Threads: none of its own; callers lock.
/// Cost:    a look at the clock; once a second a stat().
class WatchedFile {
 public:
  explicit WatchedFile(std::string path) : path_(std::move(path)), seen_(look()) {}

  /// Whether the file is another one than at the last call that returned true, or at construction. A file that is gone
  /// has not changed.
  bool has_changed() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return false;
    next_ = now + std::chrono::seconds(1);
    const Version version = look();
    if (version == seen_ || version == Version()) return false;
    seen_ = version;
    return true;
  }
  const std::string& path() const { return path_; }

 private:
  struct Version {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    time_t seconds = 0;
    long nanoseconds = 0;
    bool operator==(const Version&) const = default;
  };
  Version look() const {
    struct stat file {};
    if (::stat(path_.c_str(), &file) != 0) return {};
    return {file.st_dev, file.st_ino, file.st_size, file.st_mtim.tv_sec, file.st_mtim.tv_nsec};
  }

  std::string path_;
  Version seen_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace gantry_server
