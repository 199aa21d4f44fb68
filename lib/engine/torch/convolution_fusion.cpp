// SPDX-License-Identifier: Apache-2.0
// Replaces aten's convolutions by mkldnn::_convolution_pointwise.
#include "engine/torch/convolution_fusion.hpp"

#include <ATen/Context.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/runtime/interpreter.h>
#include <torch/csrc/jit/runtime/operator.h>

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include "engine/torch/convolution_node.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

constexpr const char* kPackName = "mkldnn::_reorder_convolution_weight";
constexpr std::size_t kPackArguments = 6;
constexpr std::size_t kRunArguments = 10;

c10::Symbol run_name() {
  static const auto name = c10::Symbol::fromQualString("mkldnn::_convolution_pointwise");
  return name;
}

std::optional<c10::OperatorHandle> find_packing() {
  const auto found = c10::Dispatcher::singleton().findSchema({kPackName, ""});
  if (!found || found->schema().arguments().size() != kPackArguments) return std::nullopt;
  return *found;
}

/// Whether the operator has all the arguments that this file passes.
bool has_running() {
  for (const auto& op : torch::jit::getAllOperatorsFor(run_name()))
    if (op->schema().overload_name().empty() && op->schema().arguments().size() == kRunArguments) return true;
  return false;
}

/// An activation of mkldnn::_convolution_pointwise, by its name there.
struct Activation {
  std::string name = "none";
  std::vector<c10::IValue> scalars;
  Node* node = nullptr;
};

/// `node` as an activation, if it can be fused into the convolution before it.
std::optional<Activation> as_activation(Node* node) {
  static const std::unordered_map<std::string, Activation> kPlain = {
      {"aten::relu", {"relu", {}}},           {"aten::relu6", {"hardtanh", {0.0, 6.0}}},
      {"aten::hardswish", {"hardswish", {}}}, {"aten::hardsigmoid", {"hardsigmoid", {}}},
      {"aten::sigmoid", {"sigmoid", {}}},     {"aten::silu", {"swish", {}}}};
  const std::string kind = node->kind().toQualString();
  if (const auto at = kPlain.find(kind); at != kPlain.end()) {
    Activation found = at->second;
    found.node = node;
    return found;
  }
  if (kind != "aten::hardtanh") return std::nullopt;
  const auto low = torch::jit::toIValue(node->input(1));
  const auto high = torch::jit::toIValue(node->input(2));
  if (!low || !high || !low->isScalar() || !high->isScalar()) return std::nullopt;
  return Activation{"hardtanh", {low->toScalar().toDouble(), high->toScalar().toDouble()}, node};
}

/// The activation, if it is the only reader of the convolution's output.
Activation activation_behind(const ConvolutionNode& convolution, const torch::jit::AliasDb& aliases) {
  Value* const output = convolution.node->output();
  if (output->uses().size() != 1 || aliases.hasWriters(output)) return {};
  Node* const reader = output->uses()[0].user;
  if (reader->owningBlock() != convolution.node->owningBlock()) return {};
  return as_activation(reader).value_or(Activation{});
}

using Sizes = std::vector<std::int64_t>;

/// The input sizes of each convolution, by index; none for those in branches and loops. Runs a copy of the graph that
/// returns these inputs: LibTorch's shape propagation stops at the first pad.
std::unordered_map<std::size_t, Sizes> input_sizes(Graph& graph, std::vector<c10::IValue> arguments) {
  auto copy = graph.copy();
  const auto convolutions = find_convolutions(*copy);
  std::vector<std::size_t> places;
  std::vector<Value*> inputs;
  for (std::size_t i = 0; i < convolutions.size(); ++i) {
    if (convolutions[i].node->owningBlock() != copy->block()) continue;
    places.push_back(i);
    inputs.push_back(convolutions[i].node->input(ConvolutionNode::kInput));
  }
  Node* const list = copy->createList(c10::TensorType::get(), inputs);
  list->insertBefore(copy->return_node());
  while (!copy->outputs().empty()) copy->eraseOutput(0);
  copy->registerOutput(list->output());
  torch::jit::InterpreterState(torch::jit::Code(copy, "input_sizes")).run(arguments);
  std::unordered_map<std::size_t, Sizes> sizes;
  const auto tensors = arguments.at(0).toTensorVector();
  for (std::size_t i = 0; i < places.size(); ++i)
    if (tensors[i].dim() == 4) sizes[places[i]] = tensors[i].sizes().vec();
  return sizes;
}

at::Tensor pack(const c10::OperatorHandle& packing, const ConvolutionNode& convolution,
                const std::vector<std::int64_t>& input_size) {
  std::vector<c10::IValue> stack{convolution.weight,   convolution.padding, convolution.stride,
                                 convolution.dilation, convolution.groups,  input_size};
  packing.callBoxed(stack);
  return stack.at(0).toTensor();
}

/// LibTorch's own constants are strided; its conversion to oneDNN uses this operator for packed ones.
Value* insert_packed(Graph& graph, const at::Tensor& packed) {
  static const auto kKind = c10::Symbol::fromQualString("prim::ConstantMKLDNNTensor");
  Node* const constant = graph.insertNode(graph.create(kKind));
  constant->t_(c10::Symbol::attr("value"), packed);
  return constant->output();
}

void replace(const ConvolutionNode& convolution, const Activation& activation, const at::Tensor& packed) {
  Graph& graph = *convolution.node->owningGraph();
  const torch::jit::WithInsertPoint here(convolution.node);
  std::vector<Value*> scalars;
  for (const c10::IValue& scalar : activation.scalars) scalars.push_back(graph.insertConstant(scalar));
  Node* const list = graph.insertNode(graph.createList(c10::OptionalType::create(c10::NumberType::get()), scalars));
  Node* const fused = graph.create(
      run_name(), {convolution.node->input(ConvolutionNode::kInput), insert_packed(graph, packed),
                   convolution.node->input(ConvolutionNode::kBias), graph.insertConstant(convolution.padding),
                   graph.insertConstant(convolution.stride), graph.insertConstant(convolution.dilation),
                   graph.insertConstant(convolution.groups), graph.insertConstant(activation.name), list->output(),
                   graph.insertConstant(c10::IValue())});
  graph.insertNode(fused);
  fused->output()->setType(c10::TensorType::get());
  Node* const last = activation.node ? activation.node : convolution.node;
  last->output()->replaceAllUsesWith(fused->output());
  if (activation.node) activation.node->destroy();
  convolution.node->destroy();
}

}  // namespace

std::string why_not_fuse() {
  if (!at::Context::hasMKLDNN() || !at::globalContext().userEnabledMkldnn())
    return "this LibTorch was built without oneDNN, or the host has switched it off";
  if (!find_packing() || !has_running()) return "this LibTorch has no fused convolutions of oneDNN";
  return "";
}

Fused fuse_convolutions(std::shared_ptr<Graph>& graph, const std::vector<c10::IValue>& arguments) {
  const auto packing = find_packing();
  const auto sizes = input_sizes(*graph, arguments);
  const torch::jit::AliasDb aliases(graph);
  const auto convolutions = find_convolutions(*graph);
  Fused fused;
  for (std::size_t i = 0; i < convolutions.size(); ++i) {
    const ConvolutionNode& convolution = convolutions[i];
    const auto size = sizes.find(i);
    if (!packing || size == sizes.end() || convolution.weight.scalar_type() != c10::kFloat) continue;
    const Activation activation = activation_behind(convolution, aliases);
    replace(convolution, activation, pack(*packing, convolution, size->second));
    ++fused.convolutions;
    if (activation.node) ++fused.activations;
  }
  return fused;
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
