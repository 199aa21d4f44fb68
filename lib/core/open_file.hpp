// SPDX-License-Identifier: Apache-2.0
// OpenFile: a file descriptor that closes itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/export.hpp>
#include <gantry/version.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {

/// "No such file or directory" for ENOENT; thread-safe, and independent of the host's locale.
GANTRY_API std::string system_message(int error_number);

/// Ownership: owns the descriptor; move-only.
/// Threads:   reading is thread-safe.
/// Errors:    nullopt or false, with errno set.
/// Cost:      system calls.
class GANTRY_API OpenFile {
 public:
  /// Opens a file for reading. Does not block on a pipe without a writer. `flags`: more flags of open(2), such as
  /// O_NOFOLLOW.
  static std::optional<OpenFile> open(const std::string& path, int flags = 0);
  /// The same for `name` in an open directory.
  static std::optional<OpenFile> open_at(const OpenFile& directory, const std::string& name, int flags = 0);
  /// Creates a file with mode 0600 for writing; fails if it exists.
  static std::optional<OpenFile> create(const std::string& path);
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&& other) noexcept;
  ~OpenFile();

  int descriptor() const { return descriptor_; }
  bool is_regular() const { return is_regular_; }
  /// The status of the file when it was opened.
  std::uint64_t size() const { return size_; }
  /// nullopt if unknown.
  std::optional<std::uint64_t> size_now() const;
  /// False if there are fewer bytes, or they cannot be read.
  bool read_exactly(std::uint64_t offset, void* target, std::size_t size) const;
  /// False if not all could be written.
  bool write(std::string_view bytes) const;

 private:
  explicit OpenFile(int descriptor);
  int descriptor_;
  bool is_regular_ = false;
  std::uint64_t size_ = 0;
};

}  // namespace gantry::inline GANTRY_ABI::detail
