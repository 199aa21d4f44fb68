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

#include <gantry/bytes.hpp>
#include <gantry/result.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// How an engine that reads a whole file where it lies has it in memory.
enum class FileMemory {
  kCopied,  ///< in memory of this process, which is read-only and is what was hashed, whatever happens to the file
  /// The file's own pages, which processes share and need not be read before they are used. They were hashed once more
  /// when they were mapped; whoever writes to the file in place later changes what the engine computes with, and
  /// whoever cuts it short ends the process. For files that nobody writes to, such as those of a container's image.
  kMapped,
};

namespace detail {
/// Where the bytes are. Thread-safe.
class GANTRY_API FileContent {
 public:
  virtual ~FileContent();
  virtual const std::string& name() const = 0;
  virtual std::uint64_t size() const = 0;
  /// `offset + size` is within size().
  virtual Result<void> read(std::uint64_t offset, void* target, std::size_t size) const = 0;
  /// FileMemory::kMapped.
  virtual Result<Bytes> map() const = 0;
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
  /// All of it, from the beginning of a page on. The pages live as long as the bytes. resource_exhausted if there is no
  /// room for it; otherwise as read().
  Result<Bytes> pages(FileMemory memory) const;

 private:
  std::shared_ptr<const detail::FileContent> content_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
