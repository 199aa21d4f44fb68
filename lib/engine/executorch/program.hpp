// SPDX-License-Identifier: Apache-2.0
// ProgramFile: a .pte file whose structure has been verified.
#pragma once

#include <executorch/runtime/core/data_loader.h>
#include <executorch/runtime/executor/program.h>

#include <atomic>
#include <gantry/engine_loader.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::executorch {

/// Gives ExecuTorch a file's pages without a copy. `are_the_files`: the pages are mapped from the file, so pages that
/// ExecuTorch has released, such as packed weights, can be dropped and read again.
class PageLoader final : public ::executorch::runtime::DataLoader {
 public:
  PageLoader(Bytes pages, bool are_the_files) : pages_(std::move(pages)), are_the_files_(are_the_files) {}
  ::executorch::runtime::Result<::executorch::runtime::FreeableBuffer> load(std::size_t offset, std::size_t size,
                                                                            const SegmentInfo& segment) const override;
  ::executorch::runtime::Error load_into(std::size_t offset, std::size_t size, const SegmentInfo& segment,
                                         void* buffer) const override;
  ::executorch::runtime::Result<std::size_t> size() const override { return pages_.size(); }
  /// Bytes requested so far.
  std::size_t bytes_given() const { return bytes_given_; }

 private:
  bool has(std::size_t offset, std::size_t size) const {
    return offset <= pages_.size() && size <= pages_.size() - offset;
  }
  const Bytes pages_;
  const bool are_the_files_;
  mutable std::atomic<std::size_t> bytes_given_{0};
};

/// A program, from which methods are loaded.
///
/// Ownership: owns the pages; shared by the methods.
/// Threads:   thread-safe.
/// Errors:    open: invalid_argument for a file that is not a program, or a damaged one; failed_precondition for a
///            program of another version.
/// Cost:      reads or maps the file.
class ProgramFile {
 public:
  static Result<std::shared_ptr<const ProgramFile>> open(const ModelFile& file, FileMemory memory);

  const std::string& name() const { return name_; }
  const ::executorch::runtime::Program& program() const { return *program_; }
  /// "forward", and the methods whose names begin with "forward_", by name.
  const std::vector<std::string>& methods() const { return methods_; }
  std::size_t size() const { return size_; }
  std::size_t bytes_given() const { return loader_.bytes_given(); }

 private:
  ProgramFile(std::string name, Bytes pages, FileMemory memory)
      : name_(std::move(name)), size_(pages.size()), loader_(std::move(pages), memory == FileMemory::kMapped) {}
  Result<void> load();
  Result<void> find_methods();

  const std::string name_;
  const std::size_t size_;
  PageLoader loader_;
  std::optional<::executorch::runtime::Program> program_;
  std::vector<std::string> methods_;
};

}  // namespace gantry::inline GANTRY_ABI::executorch
