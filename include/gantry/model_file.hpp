// SPDX-License-Identifier: Apache-2.0
// ModelFile: the bytes of a model's file, as an engine reads them.
//
// A package's file was hashed when the package was opened, and another process may have changed it since. read()
// returns the hashed content or an error. So an engine reads through ModelFile and never opens the path again.
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

/// How an engine that reads a whole file in place holds it in memory.
enum class FileMemory {
  kCopied,  ///< in read-only memory of this process; stays as hashed, whatever happens to the file
  /// The file's own pages: processes share them, and the system reads them on first use. Mapping hashes them once more.
  /// If another process then writes to the file, the engine computes with the changed content; if it truncates the
  /// file, this process dies. For files that never change, such as those of a container image.
  kMapped,
};

namespace detail {
/// The source of the bytes. Thread-safe.
class GANTRY_API FileContent {
 public:
  virtual ~FileContent();
  virtual const std::string& name() const = 0;
  virtual std::uint64_t size() const = 0;
  /// `offset + size` is at most size().
  virtual Result<void> read(std::uint64_t offset, void* target, std::size_t size) const = 0;
  /// FileMemory::kMapped.
  virtual Result<Bytes> map() const = 0;
};
}  // namespace detail

/// A file that is open for reading.
///
/// Ownership: shares the open file; copies are cheap. The path may be removed or replaced meanwhile.
/// Threads:   thread-safe.
/// Errors:    open: not_found, failed_precondition (not readable), invalid_argument (not a regular file). read:
///            invalid_argument beyond the end; failed_precondition if the file was truncated or no longer matches its
///            hash.
/// Cost:      one system call per read; for a package's file also the hash of the bytes read.
class GANTRY_API ModelFile {
 public:
  /// A file without a hash to compare with: anyone who can write to it chooses what runs.
  static Result<ModelFile> open(const std::string& path);

  explicit ModelFile(std::shared_ptr<const detail::FileContent> content) : content_(std::move(content)) {}

  /// The name in messages: the path, or the name within its package.
  const std::string& name() const { return content_->name(); }
  std::uint64_t size() const { return content_->size(); }
  /// Reads `size` bytes from `offset` on.
  Result<void> read(std::uint64_t offset, void* target, std::size_t size) const;
  /// The whole file, starting at a page boundary. The pages live as long as the Bytes. resource_exhausted if memory
  /// does not suffice; other errors as read().
  Result<Bytes> pages(FileMemory memory) const;

 private:
  std::shared_ptr<const detail::FileContent> content_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
