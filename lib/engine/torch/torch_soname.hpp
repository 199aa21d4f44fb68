// SPDX-License-Identifier: Apache-2.0
// Provides the libtorch.so that AOTInductor's libraries depend on.
//
// Every library of a default package needs "libtorch.so", an empty library that pulls in LibTorch's CUDA half. gantry
// links only libtorch_cpu, so the dynamic loader would not find it, or would load half a gigabyte of CUDA. While a
// package is loaded, gantry provides an empty library of that name from memory. It is unloaded with the package's
// library. Libraries built by GCC often cannot be unloaded; then it stays.
#pragma once

#include <gantry/result.hpp>

namespace gantry::inline GANTRY_ABI::libtorch {

/// Ownership: keeps the stand-in loaded; a library loaded meanwhile keeps it from then on.
/// Threads:   one at a time.
/// Errors:    open: failed_precondition if this system does not let code be loaded from memory.
/// Cost:      well below a millisecond.
class TorchSoname {
 public:
  /// Does nothing if the process has a libtorch.so already.
  static Result<TorchSoname> open();

  TorchSoname(TorchSoname&& other) noexcept : library_(other.library_) { other.library_ = nullptr; }
  TorchSoname& operator=(TorchSoname&&) = delete;
  ~TorchSoname();

 private:
  explicit TorchSoname(void* library) : library_(library) {}
  void* library_;
};

}  // namespace gantry::inline GANTRY_ABI::libtorch
