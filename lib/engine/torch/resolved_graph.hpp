// SPDX-License-Identifier: Apache-2.0
// One graph with all of forward() in it.
#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <gantry/version.hpp>
#include <memory>

namespace gantry::inline GANTRY_ABI::libtorch {

/// A copy of forward()'s graph with all calls inlined, also in what it forks and through interfaces whose object is
/// known, the module's numbers, texts and flags (`training`) in place of attributes that nothing assigns, and branches
/// that are never taken left out. Computes no tensors. May throw.
std::shared_ptr<torch::jit::Graph> resolve_forward(const torch::jit::Module& module);

}  // namespace gantry::inline GANTRY_ABI::libtorch
