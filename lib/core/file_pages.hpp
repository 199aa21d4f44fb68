// SPDX-License-Identifier: Apache-2.0
// Pages of memory that hold a file's bytes and can only be read.
#pragma once

#include <cstddef>
#include <gantry/bytes.hpp>
#include <gantry/export.hpp>
#include <gantry/result.hpp>
#include <string>

#include "core/open_file.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The whole file as the kernel has it, for this process and others. `name`: as messages call it. failed_precondition
/// if the file is shorter by now. Reading where it was cut off later ends the process (SIGBUS).
GANTRY_API Result<Bytes> map_file(const OpenFile& file, const std::string& name);

/// Memory of this process alone that is written once and then only read: any later write ends the process, as one to
/// constants does.
///
/// Ownership: owns its pages until seal() hands them on; move-only.
/// Threads:   one thread.
/// Errors:    resource_exhausted for want of memory or of mappings.
/// Cost:      whole pages.
class GANTRY_API PagesToSeal {
 public:
  /// `name`: of the file that they are for.
  static Result<PagesToSeal> make(std::size_t size, const std::string& name);
  PagesToSeal(PagesToSeal&& other) noexcept;
  PagesToSeal& operator=(PagesToSeal&& other) = delete;
  ~PagesToSeal();

  void* data() { return data_; }
  /// Read-only from now on.
  Result<Bytes> seal(const std::string& name) &&;

 private:
  PagesToSeal(void* data, std::size_t size) : data_(data), size_(size) {}
  void* data_;  // nullptr: handed on, or none
  std::size_t size_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
