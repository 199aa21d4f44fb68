// SPDX-License-Identifier: Apache-2.0
// ConvolutionNode: a convolution of a frozen TorchScript graph, for all of LibTorch's operators.
#pragma once

#include <ATen/core/TensorBody.h>
#include <torch/csrc/jit/ir/ir.h>

#include <cstddef>
#include <cstdint>
#include <gantry/version.hpp>
#include <optional>
#include <vector>

namespace gantry::inline GANTRY_ABI::libtorch {

/// A convolution (not transposed) whose weight and sizes are constants of the graph. Passes find it and then change
/// `node`.
struct ConvolutionNode {
  static constexpr std::size_t kInput = 0;
  static constexpr std::size_t kWeight = 1;
  static constexpr std::size_t kBias = 2;
  static constexpr std::size_t kPadding = 4;

  torch::jit::Node* node;
  at::Tensor weight;                  ///< [out, in / groups, one size per spatial axis]; floating point, strided
  std::vector<std::int64_t> stride;   ///< one per spatial axis, like the two below
  std::vector<std::int64_t> padding;  ///< of zeros, on both sides
  std::vector<std::int64_t> dilation;
  std::int64_t groups;

  std::size_t spatial_axes() const { return static_cast<std::size_t>(weight.dim()) - 2; }
};

/// nullopt if `node` is not a convolution, or if its sizes are computed or given as text (padding='same').
std::optional<ConvolutionNode> as_convolution(torch::jit::Node* node);

/// All convolutions, including those in branches and loops, in the order of the graph.
std::vector<ConvolutionNode> find_convolutions(torch::jit::Graph& graph);

}  // namespace gantry::inline GANTRY_ABI::libtorch
