// SPDX-License-Identifier: Apache-2.0
// Hooks of a top-level script module.
#pragma once

#include <gantry/version.hpp>

#include <torch/csrc/jit/api/module.h>

namespace gantry::inline GANTRY_ABI::libtorch {

/// Calling a module in Python runs its pre-hooks, forward() and its hooks; forward() alone does not, though it does run
/// those of submodules. Gives a module whose forward() is that call; the same module if it has no hooks. May throw.
torch::jit::Module with_hooks(const torch::jit::Module& module);

}  // namespace gantry::inline GANTRY_ABI::libtorch
