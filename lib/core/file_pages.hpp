// SPDX-License-Identifier: Apache-2.0
// Read-only memory pages that hold a file's bytes.
#pragma once

#include <cstddef>
#include <gantry/bytes.hpp>
#include <gantry/export.hpp>
#include <gantry/result.hpp>
#include <string>

#include "core/open_file.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Maps the whole file; the pages are shared with other processes. `name`: its name in messages. failed_precondition if
/// the file has become shorter. If the file is truncated later, reading the missing part ends the process (SIGBUS).
GANTRY_API Result<Bytes> map_file(const OpenFile& file, const std::string& name);

/// Private memory that is written once and is read-only afterwards: a later write ends the process (SIGSEGV), as with
/// constants.
///
/// Ownership: owns its pages until seal() passes them on; move-only.
/// Threads:   one thread.
/// Errors:    resource_exhausted if there is no memory, or too many mappings.
/// Cost:      whole pages.
class GANTRY_API PagesToSeal {
 public:
  /// `name`: the file's name in messages.
  static Result<PagesToSeal> make(std::size_t size, const std::string& name);
  PagesToSeal(PagesToSeal&& other) noexcept;
  PagesToSeal& operator=(PagesToSeal&& other) = delete;
  ~PagesToSeal();

  void* data() { return data_; }
  /// Makes the pages read-only and passes them on.
  Result<Bytes> seal(const std::string& name) &&;

 private:
  PagesToSeal(void* data, std::size_t size) : data_(data), size_(size) {}
  void* data_;  // nullptr: passed on, or empty
  std::size_t size_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
