// SPDX-License-Identifier: Apache-2.0
// Finds the pads that can be folded, and folds them.
#include "engine/torch/pad_folding.hpp"

#include <ATen/ops/isfinite.h>
#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/constants.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/torch/convolution_node.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

using torch::jit::Node;
using torch::jit::Value;

bool is_zero(const c10::IValue& value) {
  if (value.isInt()) return value.toInt() == 0;
  return value.isDouble() && value.toDouble() == 0;
}

/// aten::constant_pad_nd(self, pad, value), or aten::pad(self, pad, mode, value?) whose mode is constant.
bool pads_with_zeros(const Node* node) {
  static const auto kConstantPad = c10::Symbol::fromQualString("aten::constant_pad_nd");
  static const auto kPad = c10::Symbol::fromQualString("aten::pad");
  if (node->kind() == kConstantPad) {
    const auto value = torch::jit::toIValue(node->input(2));
    return value && is_zero(*value);
  }
  if (node->kind() != kPad) return false;
  const auto mode = torch::jit::toIValue(node->input(2));
  const auto value = torch::jit::toIValue(node->input(3));
  return mode && mode->isString() && mode->toStringRef() == "constant" && value && (value->isNone() || is_zero(*value));
}

/// A pad's width on both sides of each spatial axis. Its list begins with the last axis: [left, right, top, bottom].
std::optional<std::vector<std::int64_t>> symmetric_widths(const Node* pad, std::size_t axes) {
  const auto list = torch::jit::toIValue(pad->input(1));
  if (!list || !list->isIntList()) return std::nullopt;
  const std::vector<std::int64_t> widths = list->toIntVector();
  std::vector<std::int64_t> both(axes, 0);
  for (std::size_t i = 0; i + 1 < widths.size(); i += 2) {
    const std::int64_t before = widths[i];
    if (before < 0 || before != widths[i + 1]) return std::nullopt;  // a negative pad crops
    if (i / 2 < axes)
      both[axes - 1 - i / 2] = before;
    else if (before != 0)
      return std::nullopt;  // pads channels or samples
  }
  return both;
}

bool fold(const ConvolutionNode& convolution, const torch::jit::AliasDb& aliases) {
  Value* const padded = convolution.node->input(ConvolutionNode::kInput);
  Node* const pad = padded->node();
  if (!pads_with_zeros(pad) || padded->uses().size() != 1) return false;
  auto padding = symmetric_widths(pad, convolution.spatial_axes());
  if (!padding || aliases.hasWriters(pad->input(0)) || aliases.hasWriters(padded)) return false;
  if (!convolution.weight.isfinite().all().item<bool>()) return false;
  for (std::size_t i = 0; i < padding->size(); ++i) (*padding)[i] += convolution.padding[i];
  const torch::jit::WithInsertPoint here(convolution.node);
  convolution.node->replaceInput(ConvolutionNode::kPadding, convolution.node->owningGraph()->insertConstant(*padding));
  convolution.node->replaceInput(ConvolutionNode::kInput, pad->input(0));
  pad->destroy();
  return true;
}

}  // namespace

std::size_t fold_pads(const std::shared_ptr<torch::jit::Graph>& graph) {
  const torch::jit::AliasDb aliases(graph);  // folding adds no writer, so this stays valid
  std::size_t folded = 0;
  for (const ConvolutionNode& convolution : find_convolutions(*graph))
    if (fold(convolution, aliases)) ++folded;
  return folded;
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
