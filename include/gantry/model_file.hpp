// SPDX-License-Identifier: Apache-2.0
// ModelFile: the bytes of a model's file, as an engine reads them.
//
// A file of a package was hashed when the package was opened, and may be written to by others since; what read() gives
// is what was hashed, or an error. So an engine reads here, and never opens the path again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <gantry/result.hpp>

namespace gantry {

namespace detail {
/// Where the bytes are. Thread-safe.
class GANTRY_API FileContent {
 public:
  virtual ~FileContent();
  virtual const std::string& name() const = 0;
  virtual std::uint64_t size() const = 0;
  /// `offset + size` is within size().
  virtual Result<void> read(std::uint64_t offset, void* target, std::size_t size) const = 0;
};
}  // namespace detail

/// A file that is open for reading.
///
/// Ownership: shares the open file; copies are cheap. The path may be gone or replaced meanwhile.
/// Threads:   thread-safe.
/// Errors:    open: not_found, failed_precondition (not readable), invalid_argument (not a regular file). read:
///            invalid_argument beyond the end; failed_precondition if the file was cut short or is no longer what was
///            hashed.
/// Cost:      a system call for each read; of a package's file also the hash of what is read.
class GANTRY_API ModelFile {
 public:
  /// A file that nothing was compared with: whoever can write to it chooses what is run.
  static Result<ModelFile> open(const std::string& path);

  explicit ModelFile(std::shared_ptr<const detail::FileContent> content) : content_(std::move(content)) {}

  /// As messages call it: the path, or the name within its package.
  const std::string& name() const { return content_->name(); }
  std::uint64_t size() const { return content_->size(); }
  /// `size` bytes from `offset` on.
  Result<void> read(std::uint64_t offset, void* target, std::size_t size) const;

 private:
  std::shared_ptr<const detail::FileContent> content_;
};

}  // namespace gantry
