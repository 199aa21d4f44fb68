// SPDX-License-Identifier: Apache-2.0
// Loads shared libraries from other builds: engines and plugins.
#pragma once

#include <gantry/result.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// A loaded library. It is never closed, since its functions and objects may be in use anywhere.
///
/// Ownership: none.
/// Threads:   thread-safe.
/// Errors:    failed_precondition, with the dynamic loader's message. If a static initializer of the library throws,
///            the process ends, since dlopen() does not pass exceptions on.
/// Cost:      that of the dynamic loader.
class GANTRY_API SharedLibrary {
 public:
  /// `flags`: those of dlopen(). Opens only regular files, since opening a pipe would block. A path without '/' is a
  /// file in the working directory.
  static Result<SharedLibrary> load(const std::string& path, int flags);
  /// nullptr if it has no function of this name. A variable of this name is not returned.
  void* function(const char* name) const;

 private:
  explicit SharedLibrary(void* handle) : handle_(handle) {}
  void* handle_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
