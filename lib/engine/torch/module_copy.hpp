// SPDX-License-Identifier: Apache-2.0
// Copies a module together with its state.
#pragma once

#include <gantry/version.hpp>

#include <torch/csrc/jit/api/module.h>

namespace gantry::inline GANTRY_ABI::libtorch {

/// Copies everything that the module can reach: tensors, also in lists, dicts, tuples and objects. Tensors that share
/// memory in the module, such as a buffer and a view of it, also share it in the copy; Module::deepcopy() loses this.
/// Code is shared. Throws if a custom class cannot be copied.
torch::jit::Module copy_module(const torch::jit::Module& module);

}  // namespace gantry::inline GANTRY_ABI::libtorch
