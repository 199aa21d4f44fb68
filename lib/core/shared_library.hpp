// SPDX-License-Identifier: Apache-2.0
// Loading shared libraries that somebody else built: engines and plugins.
#pragma once

#include <gantry/result.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// A library that was loaded, and stays so until the process ends: what it gave may be in use anywhere.
///
/// Ownership: none.
/// Threads:   thread-safe.
/// Errors:    failed_precondition, with the dynamic loader's words. Where an initialiser of the library throws, the
///            process ends: dlopen() lets no exception through.
/// Cost:      that of the dynamic loader.
class GANTRY_API SharedLibrary {
 public:
  /// `flags`: of dlopen(). Only regular files: opening a pipe would wait for its other end. A path without '/' is a
  /// file of the working directory.
  static Result<SharedLibrary> load(const std::string& path, int flags);
  /// nullptr: it has no function of this name. A variable of this name is none.
  void* function(const char* name) const;

 private:
  explicit SharedLibrary(void* handle) : handle_(handle) {}
  void* handle_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
