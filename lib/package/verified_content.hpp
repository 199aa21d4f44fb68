// SPDX-License-Identifier: Apache-2.0
// VerifiedContent: an open file of a package that returns only what was hashed.
//
// The file is hashed when the package is opened, as a whole and block by block. Each block is hashed again when it is
// read. So a later write to the file, or another file under its name, never reaches a reader unnoticed.
#pragma once

#include <gantry/model_file.hpp>
#include <memory>
#include <string>
#include <vector>

#include "core/mutex.hpp"
#include "core/open_file.hpp"
#include "package/sha256.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// failed_precondition: the file is not as listed in gantry.json; `what` says how.
Error altered_file(const std::string& name, const std::string& what);

class VerifiedContent final : public FileContent {
 public:
  /// Hashes the file. failed_precondition if it cannot be read to its end.
  static Result<std::shared_ptr<const VerifiedContent>> hash(OpenFile file, std::string name);

  const std::string& name() const override { return name_; }
  std::uint64_t size() const override { return file_.size(); }
  Result<void> read(std::uint64_t offset, void* target, std::size_t size) const override;
  Result<Bytes> map() const override;
  /// The hash of the whole file, in lower-case hexadecimal.
  const std::string& sha256() const { return sha256_; }

 private:
  VerifiedContent(OpenFile file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}
  std::size_t block_size(std::size_t block) const;
  /// Whether `bytes` have the hash of this block.
  bool is_block(std::size_t block, const void* bytes) const;
  /// Fills `target` with one whole block.
  Result<void> read_block(std::size_t block, void* target) const;

  const OpenFile file_;
  const std::string name_;
  std::string sha256_;
  std::vector<Sha256::Digest> digests_;  // of the blocks
  // Keeps the last block: readers of zip files ask for a few bytes at a time.
  mutable Mutex mutex_;
  mutable std::size_t last_block_ GANTRY_GUARDED_BY(mutex_) = 0;
  mutable std::vector<unsigned char> last_ GANTRY_GUARDED_BY(mutex_);  // its bytes, or empty
};

}  // namespace gantry::inline GANTRY_ABI::detail
