// SPDX-License-Identifier: Apache-2.0
// Convolutions as oneDNN runs them best: weights packed ahead, the activation behind them computed on the way.
#pragma once

#include <ATen/core/ivalue.h>
#include <torch/csrc/jit/ir/ir.h>

#include <cstddef>
#include <gantry/version.hpp>
#include <memory>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::libtorch {

/// Why this LibTorch or this CPU cannot; empty: it can.
std::string why_not_fuse();

struct Fused {
  std::size_t convolutions = 0;
  std::size_t activations = 0;  ///< that are part of one of these
};

/// Replaces 2-D convolutions of float32, and a relu, relu6, hardtanh, hardswish, hardsigmoid, sigmoid or silu that
/// alone reads what they give, by mkldnn::_convolution_pointwise. oneDNN packs weights for sizes of pictures, and packs
/// them anew in each call where others come, so `arguments` are of the sizes that will come: the graph's inputs, the
/// module first. The graph is run on them once, for the sizes within. A convolution in a branch or a loop stays.
/// `graph` is frozen, keeps no state and draws no random numbers; needs why_not_fuse() to be empty. May throw.
Fused fuse_convolutions(std::shared_ptr<torch::jit::Graph>& graph, const std::vector<c10::IValue>& arguments);

}  // namespace gantry::inline GANTRY_ABI::libtorch
