// SPDX-License-Identifier: Apache-2.0
// Rewrites convolutions for oneDNN: packs the weights in advance, and fuses the following activation.
#pragma once

#include <ATen/core/ivalue.h>
#include <torch/csrc/jit/ir/ir.h>

#include <cstddef>
#include <gantry/version.hpp>
#include <memory>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::libtorch {

/// Why this LibTorch or this CPU cannot fuse; empty if it can.
std::string why_not_fuse();

struct Fused {
  std::size_t convolutions = 0;
  std::size_t activations = 0;  ///< activations fused into these convolutions
};

/// Replaces 2-D float32 convolutions by mkldnn::_convolution_pointwise, together with a relu, relu6, hardtanh,
/// hardswish, hardsigmoid, sigmoid or silu that is the only reader of their output. oneDNN packs weights for one
/// picture size, and would pack them again in each call of another size. So `arguments`, the graph's inputs with the
/// module first, must have the sizes of later calls. The graph is run on them once, to find the sizes inside. A
/// convolution in a branch or a loop is not changed. `graph` must be frozen, without state and random numbers, and
/// why_not_fuse() empty. May throw.
Fused fuse_convolutions(std::shared_ptr<torch::jit::Graph>& graph, const std::vector<c10::IValue>& arguments);

}  // namespace gantry::inline GANTRY_ABI::libtorch
