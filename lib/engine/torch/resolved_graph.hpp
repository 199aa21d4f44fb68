// SPDX-License-Identifier: Apache-2.0
// Inlines forward() into one graph.
#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <gantry/version.hpp>
#include <memory>

namespace gantry::inline GANTRY_ABI::libtorch {

/// A copy of forward()'s graph with all calls inlined, including those in forked graphs and through interfaces whose
/// object is known. Attributes that no code assigns are replaced by the module's numbers, texts and flags (`training`),
/// and branches that are never taken are removed. Computes no tensors. May throw.
std::shared_ptr<torch::jit::Graph> resolve_forward(const torch::jit::Module& module);

}  // namespace gantry::inline GANTRY_ABI::libtorch
