// SPDX-License-Identifier: Apache-2.0
// What running forward() writes to, and what else of it concerns its neighbours.
#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <gantry/version.hpp>
#include <memory>
#include <string>

namespace gantry::inline GANTRY_ABI::libtorch {

/// Errs on the side of true.
struct ForwardEffects {
  bool writes_inputs = false;  ///< to an argument, or keeps one for later runs
  bool writes_state = false;   ///< to something that outlives the run, and that later runs see
  /// To a tensor that is a constant of the code, so that no copy of the module can have its own.
  bool writes_constants = false;
  /// Why freezing would lose state, which turns lists and dicts that the module holds into constants; empty: it would
  /// not.
  std::string why_not_freeze;
  bool forks = false;         ///< torch.jit.fork
  bool draws_random = false;  ///< it may draw numbers from the process's generator
  /// forward() with all it calls in it, and the settings that are fixed.
  std::shared_ptr<torch::jit::Graph> graph;
};

/// Of a module that is in eval mode and not frozen. Computes nothing but numbers, texts and conditions that are
/// constant in the code. May throw.
ForwardEffects analyse_forward(const torch::jit::Module& module);

}  // namespace gantry::inline GANTRY_ABI::libtorch
