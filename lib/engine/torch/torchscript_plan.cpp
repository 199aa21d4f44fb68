// SPDX-License-Identifier: Apache-2.0
// Which models can use a plan, and the passes of each plan.
#include "engine/torch/torchscript_plan.hpp"

#include <ATen/ops/zeros.h>
#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/remove_mutation.h>

#include <algorithm>
#include <gantry/interop/torch.hpp>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>

#include "engine/torch/convolution_fusion.hpp"
#include "engine/torch/convolution_node.hpp"
#include "engine/torch/graph_walk.hpp"
#include "engine/torch/options.hpp"
#include "engine/torch/pad_folding.hpp"
#include "engine/torch/thread_state.hpp"
#include "engine/torch/torch_error.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

/// Operators whose result depends on a tensor's memory layout, or that fail for some layouts.
std::string layout_operator(torch::jit::Graph& graph) {
  static const std::unordered_set<std::string> kOperators = {
      "aten::stride",          "aten::as_strided",     "aten::as_strided_",   "aten::as_strided_copy",
      "aten::is_contiguous",   "aten::data_ptr",       "aten::set_",          "aten::resize_",
      "aten::view_as_complex", "aten::_reshape_alias", "aten::storage_offset"};
  std::string found;
  for_each_node(graph.block(), [&](const torch::jit::Node* node) {
    const char* const name = node->kind().toQualString();
    const auto* const schema = node->maybeSchema();
    const bool views_as_dtype = schema && schema->name() == "aten::view" && schema->overload_name() == "dtype";
    if (found.empty() && (kOperators.count(name) != 0 || views_as_dtype)) found = name;
  });
  return found;
}

/// A view of a channels_last tensor may be impossible; reshape then copies. Nothing may write to either.
void reshape_instead_of_view(const std::shared_ptr<torch::jit::Graph>& graph) {
  static const auto kView = c10::Symbol::fromQualString("aten::view");
  static const auto kReshape = c10::Symbol::fromQualString("aten::reshape");
  const torch::jit::AliasDb aliases(graph);
  std::vector<torch::jit::Node*> views;
  for_each_node(graph->block(), [&](torch::jit::Node* node) {
    if (node->kind() == kView && node->owningGraph() == graph.get() && !aliases.hasWriters(node->input(0)) &&
        !aliases.hasWriters(node->output()))
      views.push_back(node);
  });
  for (torch::jit::Node* view : views) {
    view->replaceWithNewSymbol(kReshape);
    view->destroy();
  }
}

/// Convolutions compute in the layout of their weights, and the operators after them continue in it.
std::size_t lay_out_weights(torch::jit::Graph& graph) {
  std::size_t count = 0;
  for (const ConvolutionNode& convolution : find_convolutions(graph)) {
    if (convolution.spatial_axes() != 2) continue;
    const torch::jit::WithInsertPoint here(convolution.node);
    convolution.node->replaceInput(
        ConvolutionNode::kWeight, graph.insertConstant(convolution.weight.contiguous(c10::MemoryFormat::ChannelsLast)));
    ++count;
  }
  return count;
}

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

/// Example arguments of forward(): one sample of the signature's sizes; nullopt if another size varies.
std::optional<std::vector<c10::IValue>> example_of(const torch::jit::Module& module, const Signature& signature,
                                                   const ForwardCall& call) {
  std::vector<at::Tensor> inputs;
  for (const TensorSpec& spec : signature.inputs()) {
    std::vector<std::int64_t> sizes;
    for (const Dim& dim : spec.dims) {
      if (dim.is_symbolic() && dim.symbol != "batch") return std::nullopt;
      sizes.push_back(dim.is_symbolic() ? 1 : dim.extent);
    }
    inputs.push_back(at::zeros(sizes, interop::to_torch(spec.dtype)));
  }
  std::vector<c10::IValue> arguments = call.arguments(inputs);
  arguments.insert(arguments.begin(), module._ivalue());
  return arguments;
}

/// Why the model can only use the plan "frozen"; empty if it may use another one.
std::string why_frozen_only(const TorchScriptFile& file, torch::jit::Graph& graph, c10::Device device) {
  if (!device.is_cpu()) return "it is for the CPU, and the model is on " + device.str();
  if (!file.why_not_frozen.empty()) return "the model is not frozen: " + file.why_not_frozen;
  if (file.effects.writes_state) return "the model changes its own state";
  if (file.effects.writes_inputs) return "the model may write to its inputs";
  if (file.effects.draws_random) return "the model draws random numbers";
  if (const std::string name = layout_operator(graph); !name.empty())
    return "forward() looks at how tensors lie in memory (" + name + ")";
  return "";
}

/// Runs the passes of a plan other than "frozen". Returns what was done, or why there is nothing to do.
Result<std::string> rewrite(const std::string& plan, torch::jit::Module& module, const Signature& signature,
                            const ForwardCall& call) {
  auto graph = module.get_method("forward").graph();
  torch::jit::RemoveTensorMutation(graph);  // relu_ and similar, if the difference is unobservable
  reshape_instead_of_view(graph);
  std::string done = counted(fold_pads(graph), "pad") + " folded";
  if (plan == kFusedPlan) {
    if (std::string why = why_not_fuse(); !why.empty()) return Error(ErrorCode::kUnsupported, std::move(why));
    const auto example = example_of(module, signature, call);
    if (!example)
      return Error(ErrorCode::kUnsupported,
                   "weights are packed for fixed sizes, and those of the signature vary: " + signature.to_string());
    const Fused fused = fuse_convolutions(graph, *example);
    if (fused.convolutions == 0)
      return Error(ErrorCode::kUnsupported, "forward() has no 2-D convolution of f32 whose sizes are known");
    done += ", " + counted(fused.convolutions, "convolution") + " packed, " + counted(fused.activations, "activation") +
            " fused";
  }
  const std::size_t laid_out = lay_out_weights(*graph);
  if (plan != kFusedPlan && laid_out == 0)
    return Error(ErrorCode::kUnsupported, "forward() has no 2-D convolution with constant weights and sizes");
  if (laid_out > 0) done += ", " + counted(laid_out, "convolution") + " in channels_last";
  torch::jit::EliminateDeadCode(graph);
  return done;
}

}  // namespace

Result<std::string> apply_plan(const std::string& plan, TorchScriptFile& file, const Signature& signature,
                               const ForwardCall& call, c10::Device device) {
  if (plan == kFrozenPlan) return std::string();
  const std::string title = "plan '" + plan + "'";
  try {
    const ThreadScope thread(1);
    const std::string why = why_frozen_only(file, *file.module.get_method("forward").graph(), device);
    if (!why.empty()) return Error(ErrorCode::kUnsupported, why).within(title);
    auto done = rewrite(plan, file.module, signature, call);
    if (!done) return done.error().within(title);
    return done;
  } catch (...) {
    return translate_torch_exception(ErrorCode::kUnsupported).within(title);
  }
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
