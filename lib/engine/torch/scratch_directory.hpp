// SPDX-License-Identifier: Apache-2.0
// ScratchDirectory: a temporary directory for unpacked code, since the dynamic loader loads only from files.
#pragma once

#include <sys/statvfs.h>

#include <gantry/result.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::libtorch {

/// A directory that the destructor removes with all its contents.
///
/// Ownership: owns the directory; move-only.
/// Threads:   thread-compatible.
/// Errors:    make: failed_precondition if it cannot be made or code in it could not be executed.
/// Cost:      a few system calls.
class ScratchDirectory {
 public:
  /// A new directory of mode 0700 in `parent`; if that is empty, in $TMPDIR, or else in /tmp.
  static Result<ScratchDirectory> make(const std::string& parent);

  ScratchDirectory(ScratchDirectory&& other) noexcept;
  ScratchDirectory& operator=(ScratchDirectory&& other) noexcept;
  ~ScratchDirectory();

  const std::string& path() const { return path_; }
  /// Removes the directory now.
  void remove();

 private:
  explicit ScratchDirectory(std::string path);
  std::string path_;
};

/// failed_precondition if code in this file system cannot be executed (noexec). `directory`: its name in the message.
Result<void> check_scratch(const std::string& directory, const struct statvfs& file_system);

}  // namespace gantry::inline GANTRY_ABI::libtorch
