// SPDX-License-Identifier: Apache-2.0
// Convolutions as oneDNN runs them best: weights packed ahead, the activation behind them computed on the way.
#pragma once

#include <ATen/core/ivalue.h>
#include <torch/csrc/jit/ir/ir.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace gantry::libtorch {

/// Why this LibTorch or this CPU cannot; empty: it can.
std::string why_not_fuse();

struct Fused {
  std::size_t convolutions = 0;
  std::size_t activations = 0;  ///< that are part of one of these
};

/// Replaces 2-D convolutions of float32, and a relu, relu6, hardtanh, hardswish, hardsigmoid, sigmoid or silu that alone
/// reads what they give, by mkldnn::_convolution_pointwise. oneDNN packs weights for sizes of pictures, and packs them
/// anew in each call where others come, so `arguments` are of the sizes that will come: what forward() takes, tensors
/// of any content among them. A convolution whose sizes they do not tell stays. Sizes are found by LibTorch's shape
/// propagation, which may run operators on zeros. `graph` is frozen; needs why_not_fuse() to be empty. May throw.
Fused fuse_convolutions(std::shared_ptr<torch::jit::Graph>& graph, const std::vector<c10::IValue>& arguments);

}  // namespace gantry::libtorch
