// SPDX-License-Identifier: Apache-2.0
// KernelLibraries: ExecuTorch's own operators, which a model needs for what no delegate computes.
//
// A model that XNNPACK computes as a whole needs none, so they are loaded when one asks for them, and a container for
// such models does without 11 MB.
#pragma once

#include <cstddef>
#include <gantry/version.hpp>
#include <shared_mutex>
#include <string>

namespace gantry::inline GANTRY_ABI::executorch {

/// The libraries that are loaded, of the process. What looks operators up, as loading a method does, holds mutex()
/// shared meanwhile.
class KernelLibraries {
 public:
  static std::shared_mutex& mutex();
  /// How many are loaded; under mutex().
  static std::size_t count();
  /// Loads one more than `known`, unless that was done meanwhile, without mutex(). False if there is none, or it cannot
  /// be loaded.
  static bool load_beyond(std::size_t known);
  /// "libexecutorch_kernels_quantized.so cannot be loaded: ...": why an operator may be missing; empty if all are
  /// loaded.
  static std::string problem();
};

}  // namespace gantry::inline GANTRY_ABI::executorch
