// SPDX-License-Identifier: Apache-2.0
// Reads the operands of aten::_convolution, aten::convolution and aten::conv1d, conv2d, conv3d.
#include "engine/torch/convolution_node.hpp"

#include <torch/csrc/jit/ir/constants.h>

#include "engine/torch/graph_walk.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

using torch::jit::Node;

bool is_general(const Node* node) {
  static const auto kUnderscore = c10::Symbol::fromQualString("aten::_convolution");
  static const auto kConvolution = c10::Symbol::fromQualString("aten::convolution");
  return node->kind() == kUnderscore || node->kind() == kConvolution;
}

bool is_of_fixed_rank(const Node* node) {
  static const auto kConv1d = c10::Symbol::fromQualString("aten::conv1d");
  static const auto kConv2d = c10::Symbol::fromQualString("aten::conv2d");
  static const auto kConv3d = c10::Symbol::fromQualString("aten::conv3d");
  return node->kind() == kConv1d || node->kind() == kConv2d || node->kind() == kConv3d;
}

/// The list of integers at `index`, one per spatial axis. LibTorch also accepts one number for all axes.
std::optional<std::vector<std::int64_t>> sizes_at(const Node* node, std::size_t index, std::size_t axes) {
  const auto value = torch::jit::toIValue(node->input(index));
  if (!value || !value->isIntList()) return std::nullopt;
  std::vector<std::int64_t> sizes = value->toIntVector();
  if (sizes.size() == 1) sizes.resize(axes, sizes[0]);
  if (sizes.size() != axes) return std::nullopt;
  return sizes;
}

std::optional<at::Tensor> weight_of(const Node* node) {
  const auto value = torch::jit::toIValue(node->input(ConvolutionNode::kWeight));
  if (!value || !value->isTensor()) return std::nullopt;
  at::Tensor weight = value->toTensor();
  if (!weight.defined() || weight.layout() != c10::kStrided || weight.is_quantized() || !weight.is_floating_point())
    return std::nullopt;
  if (weight.dim() < 3 || weight.dim() > 5) return std::nullopt;
  return weight;
}

}  // namespace

std::optional<ConvolutionNode> as_convolution(Node* node) {
  constexpr std::size_t kTransposed = 6;
  const bool general = is_general(node);
  if (!general && !is_of_fixed_rank(node)) return std::nullopt;
  if (general) {
    const auto transposed = torch::jit::toIValue(node->input(kTransposed));
    if (!transposed || !transposed->isBool() || transposed->toBool()) return std::nullopt;
  }
  const auto weight = weight_of(node);
  if (!weight) return std::nullopt;
  const std::size_t axes = static_cast<std::size_t>(weight->dim()) - 2;
  const auto stride = sizes_at(node, 3, axes);
  const auto padding = sizes_at(node, ConvolutionNode::kPadding, axes);
  const auto dilation = sizes_at(node, 5, axes);
  const auto groups = torch::jit::toIValue(node->input(general ? 8 : 6));
  if (!stride || !padding || !dilation || !groups || !groups->isInt()) return std::nullopt;
  return ConvolutionNode{node, *weight, *stride, *padding, *dilation, groups->toInt()};
}

std::vector<ConvolutionNode> find_convolutions(torch::jit::Graph& graph) {
  std::vector<ConvolutionNode> found;
  for_each_node(graph.block(), [&](Node* node) {
    if (node->owningGraph() != &graph) return;  // in a fork, whose values do not belong to this graph
    if (auto convolution = as_convolution(node)) found.push_back(*std::move(convolution));
  });
  return found;
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
