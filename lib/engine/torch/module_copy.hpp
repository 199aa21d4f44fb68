// SPDX-License-Identifier: Apache-2.0
// A copy of a module with a state of its own.
#pragma once

#include <gantry/version.hpp>

#include <torch/csrc/jit/api/module.h>

namespace gantry::inline GANTRY_ABI::libtorch {

/// Copies all that the module can reach: tensors, also in lists, dicts, tuples and objects. What shares memory in the
/// module, such as a buffer and a view of it, shares memory in the copy, which Module::deepcopy() forgets. Code is
/// shared. May throw, of a custom class that cannot be copied.
torch::jit::Module copy_module(const torch::jit::Module& module);

}  // namespace gantry::inline GANTRY_ABI::libtorch
