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

/// "No such file or directory" of ENOENT; thread-safe, and not in the host's language.
GANTRY_API std::string system_message(int error_number);

/// Ownership: owns the descriptor; move-only.
/// Threads:   reading is thread-safe.
/// Errors:    nothing, with errno set.
/// Cost:      system calls.
class GANTRY_API OpenFile {
 public:
  /// For reading. Does not wait for the other end of a pipe. `flags`: further ones of open(2), such as O_NOFOLLOW.
  static std::optional<OpenFile> open(const std::string& path, int flags = 0);
  /// The same, `name` being one in an open directory.
  static std::optional<OpenFile> open_at(const OpenFile& directory, const std::string& name, int flags = 0);
  /// A new file of mode 0600, for writing; fails if there is one.
  static std::optional<OpenFile> create(const std::string& path);
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&& other) noexcept;
  ~OpenFile();

  int descriptor() const { return descriptor_; }
  bool is_regular() const { return is_regular_; }
  /// When it was opened.
  std::uint64_t size() const { return size_; }
  /// Nothing if it cannot be told.
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
