// SPDX-License-Identifier: Apache-2.0
// Hooks of a top-level script module.
#pragma once

#include <gantry/version.hpp>

#include <torch/csrc/jit/api/module.h>

namespace gantry::inline GANTRY_ABI::libtorch {

/// In Python, calling a module runs its pre-hooks, forward() and its hooks; in C++, forward() runs only the hooks of
/// submodules. Returns a module whose forward() includes the hooks; the same module if it has none. May throw.
torch::jit::Module with_hooks(const torch::jit::Module& module);

}  // namespace gantry::inline GANTRY_ABI::libtorch
