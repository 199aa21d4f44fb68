// SPDX-License-Identifier: Apache-2.0
// KernelLibraries: loads ExecuTorch's own operators, which a model needs for operations that no delegate computes.
//
// A model that XNNPACK computes completely needs none. They are therefore loaded on demand, and a container for such
// models saves 11 MB.
#pragma once

#include <cstddef>
#include <gantry/version.hpp>
#include <shared_mutex>
#include <string>

namespace gantry::inline GANTRY_ABI::executorch {

/// The libraries loaded in this process. Code that looks up operators, such as loading a method, must hold mutex()
/// shared.
class KernelLibraries {
 public:
  static std::shared_mutex& mutex();
  /// Number of loaded libraries; requires mutex().
  static std::size_t count();
  /// Loads one library more than `known`, unless another thread has done so. Call it without mutex(). False if there is
  /// no further library, or it cannot be loaded.
  static bool load_beyond(std::size_t known);
  /// Why an operator may be missing: "libexecutorch_kernels_quantized.so cannot be loaded: ..."; empty if all are
  /// loaded.
  static std::string problem();
};

}  // namespace gantry::inline GANTRY_ABI::executorch
