// SPDX-License-Identifier: Apache-2.0
// Determines what running forward() writes to, and its other effects on concurrent calls and batches.
#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <gantry/version.hpp>
#include <memory>
#include <string>

namespace gantry::inline GANTRY_ABI::libtorch {

/// Conservative: a flag is true unless the opposite is proven.
struct ForwardEffects {
  bool writes_inputs = false;  ///< writes to an argument, or keeps one for later runs
  bool writes_state = false;   ///< writes to something that outlives the run and that later runs see
  /// Writes to a tensor that is a constant of the code, which all copies of the module share.
  bool writes_constants = false;
  /// Why freezing would lose state: it turns lists and dicts of the module into constants. Empty if it would not.
  std::string why_not_freeze;
  bool forks = false;         ///< torch.jit.fork
  bool draws_random = false;  ///< it may draw numbers from the process's generator
  /// forward() with all its calls inlined and its fixed settings.
  std::shared_ptr<torch::jit::Graph> graph;
};

/// Analyses a module that is in eval mode and not frozen. Computes only numbers, texts and conditions that are constant
/// in the code. May throw.
ForwardEffects analyse_forward(const torch::jit::Module& module);

}  // namespace gantry::inline GANTRY_ABI::libtorch
