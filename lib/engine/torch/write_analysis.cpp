// SPDX-License-Identifier: Apache-2.0
// Follows memory that may outlive the run through the resolved graph, and finds what writes to it.
//
// LibTorch's own AliasDb is too coarse: to it all attributes, and all elements of lists and results of forks, are the
// same. A model that forks, or keeps fresh tensors in a list, would count as one with state.
#include "engine/torch/write_analysis.hpp"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/enum_tag.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/runtime/operator.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "engine/torch/graph_walk.hpp"
#include "engine/torch/resolved_graph.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

/// Where memory may come from.
using Origins = std::uint8_t;
constexpr Origins kModule = 1;
constexpr Origins kHeld = 2;  ///< of the module, through a list, dict, tuple or object
constexpr Origins kInput = 4;
constexpr Origins kConstant = 8;

/// The origins of a value itself, and of what it holds at any depth. Putting something into a list that holds an input
/// does not write to the input.
struct Reach {
  Origins own = 0;
  Origins inside = 0;
  Origins all() const { return own | inside; }
};

bool is_module(const c10::Type& type) {
  const auto* const object = type.castRaw<c10::ClassType>();
  return object && object->is_module();
}

/// False if neither a value of this type nor what it holds can be written to.
bool can_be_written(const c10::Type& type) {
  switch (type.kind()) {
    case c10::TypeKind::NoneType:
    case c10::TypeKind::NumberType:
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
    case c10::TypeKind::FloatType:
    case c10::TypeKind::ComplexType:
    case c10::TypeKind::BoolType:
    case c10::TypeKind::StringType:
    case c10::TypeKind::DeviceObjType:
    case c10::TypeKind::StreamObjType:
    case c10::TypeKind::FunctionType:
    case c10::TypeKind::EnumType:
      return false;
    case c10::TypeKind::OptionalType:
    case c10::TypeKind::TupleType: {
      const auto inner = type.containedTypes();
      return std::any_of(inner.begin(), inner.end(), [](const c10::TypePtr& part) { return can_be_written(*part); });
    }
    default:
      return true;
  }
}

bool is_tensor(const c10::Type& type) {
  return type.kind() == c10::TypeKind::TensorType ||
         (type.kind() == c10::TypeKind::OptionalType && type.containedTypes()[0]->kind() == c10::TypeKind::TensorType);
}

/// A type that can hold other values.
bool is_container(const c10::Type& type) {
  return can_be_written(type) && !is_tensor(type) && !is_module(type);
}

/// Operators that may return an input or a view of one, though their schema does not say so. Found by running all
/// operators in torch's own tests, and comparing the memory of inputs and outputs.
bool may_pass_through(const Node* node) {
  const std::string_view name = node->kind().toUnqualString();
  if (name == "einsum") {  // with several operands the result is a new tensor
    const Node* const operands = node->inputs().size() > 1 ? node->inputs()[1]->node() : nullptr;
    return !operands || operands->kind() != c10::prim::ListConstruct || operands->inputs().size() < 2;
  }
  for (const char* part :
       {"dropout", "type_as", "_cast_", "atleast_", "sum_to_size", "dequantize", "multi_dot", "chain_matmul",
        "pin_memory", "to_dense", "conj_physical", "cartesian_prod", "lift", "_unsafe_view"})
    if (name.find(part) != std::string_view::npos) return true;
  return false;
}

/// Batch statistics are updated, though the schema does not say so: inputs 3 and 4, if input 5 is true.
bool updates_statistics(const Node* node) {
  const std::string_view name = node->kind().toUnqualString();
  if (name.find("batch_norm") == std::string_view::npos && name != "instance_norm") return false;
  if (node->inputs().size() < 6 || node->inputs()[5]->type()->kind() != c10::TypeKind::BoolType) return false;
  const auto is_training = torch::jit::toIValue(node->inputs()[5]);
  return !is_training || is_training->toBool();
}

/// True if attention, LSTM or dropout draws no numbers, because it is not training or its dropout is 0.
bool has_dropout_off(const Node* node, const c10::FunctionSchema& schema) {
  for (std::size_t i = 0; i < node->inputs().size() && i < schema.arguments().size(); ++i) {
    const std::string& name = schema.arguments()[i].name();
    const auto value = torch::jit::toIValue(node->inputs()[i]);
    if (!value) continue;
    if ((name == "train" || name == "training") && value->isBool() && !value->toBool()) return true;
    if ((name == "dropout_p" || name == "dropout") && value->isDouble() && value->toDouble() == 0) return true;
  }
  return false;
}

bool draws_random(const Node* node) {
  const c10::FunctionSchema* const schema = node->maybeSchema();
  if (schema && has_dropout_off(node, *schema)) return false;
  if (node->isNondeterministic()) return true;
  if (!schema) return false;
  const auto found = c10::Dispatcher::singleton().findSchema({schema->name(), schema->overload_name()});
  return found && found->hasTag(at::Tag::nondeterministic_seeded);
}

class Analysis {
 public:
  explicit Analysis(const Graph& graph) {
    const auto inputs = graph.inputs();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const Origins origin = i == 0 ? kModule : kInput;
      reaches_[inputs[i]] = {origin, origin};
    }
    do {
      has_changed_ = false;
      visit(graph.block());
    } while (has_changed_);
  }

  ForwardEffects effects;

 private:
  Reach of(const Value* value) const {
    if (!can_be_written(*value->type())) return {};
    const auto at = reaches_.find(value);
    Reach reach = at == reaches_.end() ? Reach() : at->second;
    if (is_container(*value->type())) reach.inside |= stored_;
    return reach;
  }

  Origins all_of(const Node* node) const {
    Origins all = 0;
    for (const Value* input : node->inputs()) all |= of(input).all();
    return all;
  }

  void add(const Value* value, Reach reach) {
    if (!can_be_written(*value->type())) return;
    Reach& known = reaches_[value];
    if (is_tensor(*value->type())) reach.inside = 0;
    if ((known.own | reach.own) == known.own && (known.inside | reach.inside) == known.inside) return;
    known = {static_cast<Origins>(known.own | reach.own), static_cast<Origins>(known.inside | reach.inside)};
    has_changed_ = true;
  }

  void add_to_outputs(const Node* node, Reach reach) {
    for (const Value* output : node->outputs()) add(output, reach);
  }

  /// What is put into one container may come out of any. An input that the module keeps outlives the call, and later
  /// calls may write to it, so the input must be the model's own.
  void store(const Value* container, Origins origins) {
    if ((of(container).all() & kModule) && (origins & kInput)) effects.writes_inputs = true;
    if (!is_container(*container->type())) return;
    add(container, {0, origins});
    if ((stored_ | origins) == stored_) return;
    stored_ |= origins;
    has_changed_ = true;
  }

  void write(Origins origins) {
    if (origins & kInput) effects.writes_inputs = true;
    if (origins & kConstant) effects.writes_constants = true;
    if (!(origins & kModule)) return;
    effects.writes_state = true;
    if (origins & kHeld) must_not_freeze("it changes what a list, dict, tuple or object of the module holds");
    if (fork_depth_ > 0) must_not_freeze("it changes its own state in torch.jit.fork");
  }

  void must_not_freeze(const char* why) {
    if (effects.why_not_freeze.empty()) effects.why_not_freeze = why;
  }

  void visit(const Block* block) {
    for (const Node* node : block->nodes()) visit(node);
  }

  void visit(const Node* node) {
    if (draws_random(node)) effects.draws_random = true;
    if (!node->blocks().empty()) return visit_blocks(node);
    if (subgraph_of(node)) return visit_fork(node);
    switch (node->kind()) {
      case c10::prim::Constant: {
        const auto value = torch::jit::toIValue(node->output());
        if (value && value->isNone()) return;  // of an Optional
        return add_to_outputs(node, {kConstant, kConstant});
      }
      case c10::prim::ListConstruct:
      case c10::prim::DictConstruct:
      case c10::prim::TupleConstruct:
        return add_to_outputs(node, {0, all_of(node)});
      case c10::prim::GetAttr:
        return read_attribute(node);
      case c10::prim::SetAttr:
        write(of(node->inputs()[0]).own);
        return store(node->inputs()[0], of(node->inputs()[1]).all());
      case c10::prim::CallMethod:
      case c10::prim::CallFunction:
        return visit_unknown(node);
      default:
        if (node->maybeSchema()) return visit_operator(node);
        return add_to_outputs(node, {all_of(node), all_of(node)});
    }
  }

  /// A branch or a loop. The inputs of a loop's body are the iteration's number and the carried values; its outputs are
  /// whether it continues and the carried values.
  void visit_blocks(const Node* node) {
    const bool is_loop = node->kind() == c10::prim::Loop;
    for (const Block* block : node->blocks()) {
      for (std::size_t i = 1; is_loop && i < block->inputs().size(); ++i) {
        add(block->inputs()[i], of(node->inputs()[i + 1]));
        add(block->inputs()[i], of(block->outputs()[i]));
        add(node->outputs()[i - 1], of(node->inputs()[i + 1]));
      }
      visit(block);
      for (std::size_t i = 0; i < node->outputs().size(); ++i) {
        const std::size_t place = is_loop ? i + 1 : i;
        if (place < block->outputs().size()) add(node->outputs()[i], of(block->outputs()[place]));
      }
    }
  }

  void visit_fork(const Node* node) {
    effects.forks = true;
    const auto subgraph = subgraph_of(node);
    for (std::size_t i = 0; i < subgraph->inputs().size() && i < node->inputs().size(); ++i)
      add(subgraph->inputs()[i], of(node->inputs()[i]));
    ++fork_depth_;
    visit(subgraph->block());
    --fork_depth_;
    for (const Value* output : subgraph->outputs()) add_to_outputs(node, {0, of(output).all()});
  }

  void read_attribute(const Node* node) {
    Reach reach = of(node->input());
    reach.own = reach.inside;
    if ((reach.inside & kModule) && is_container(*node->output()->type())) {
      reach.own |= kHeld;
      reach.inside |= kHeld;
    }
    add(node->output(), reach);
  }

  /// A call of a method of an interface or a custom class.
  void visit_unknown(const Node* node) {
    const Origins all = all_of(node);
    write(all);
    if (all & kModule) must_not_freeze("it calls through an interface, or a custom class that may keep state");
    add_to_outputs(node, {all, all});
  }

  void visit_operator(const Node* node) {
    const torch::jit::Operator* const operation = node->maybeOperator();
    if (operation && operation->aliasAnalysisKind() == c10::AliasAnalysisKind::CONSERVATIVE) return visit_unknown(node);
    if (updates_statistics(node)) {
      const Origins origins = of(node->inputs()[3]).own | of(node->inputs()[4]).own;
      write(origins);
      if (origins & kModule) must_not_freeze("it updates batch statistics");
    }
    const auto& arguments = node->maybeSchema()->arguments();
    Reach aliased;
    for (std::size_t i = 0; i < node->inputs().size(); ++i) {
      const Value* const input = node->inputs()[i];
      const Reach reach = of(input);
      if (input->type()->kind() == c10::TypeKind::GeneratorType) write(reach.own);
      const c10::AliasInfo* const alias = i < arguments.size() ? arguments[i].alias_info() : nullptr;
      if (!alias) continue;
      aliased.own |= reach.own;
      aliased.inside |= reach.inside;
      if (alias->isWrite()) write_argument(node, input, *alias);
    }
    const auto& returns = node->maybeSchema()->returns();
    for (std::size_t i = 0; i < node->outputs().size(); ++i)
      add(node->outputs()[i], reach_of_output(node, i < returns.size() ? returns[i].alias_info() : nullptr,
                                              is_container(*node->outputs()[i]->type()), aliased));
  }

  void write_argument(const Node* node, const Value* input, const c10::AliasInfo& alias) {
    static const auto kSet = c10::Symbol::fromQualString("aten::set_");
    write(of(input).own);
    const auto& parts = alias.containedTypes();  // Tensor(a!)[]: writes to the tensors, not to the list
    if (std::any_of(parts.begin(), parts.end(), [](const c10::AliasInfo& part) { return part.isWrite(); }))
      write(of(input).inside);
    store(input, all_of(node));
    if (node->kind() == kSet) add(input, {all_of(node), 0});  // it now views another tensor's memory
  }

  Reach reach_of_output(const Node* node, const c10::AliasInfo* alias, bool is_container, const Reach& aliased) const {
    const Origins all = all_of(node);
    // The schemas of prim::TupleIndex, aten::wait and the like do not describe aliases.
    const torch::jit::Operator* const operation = node->maybeOperator();
    if (node->kind().is_prim() || !operation ||
        operation->aliasAnalysisKind() == c10::AliasAnalysisKind::INTERNAL_SPECIAL_CASE)
      return {all, all};
    if (alias && (alias->isWildcardBefore() || alias->isWildcardAfter())) return {all, all};  // an element
    if (is_container) return {alias ? aliased.own : Origins{0}, all};
    if (alias) return {aliased.all(), 0};
    return {may_pass_through(node) ? all : Origins{0}, 0};
  }

  std::unordered_map<const Value*, Reach> reaches_;
  Origins stored_ = 0;  // everything that was put into a container
  int fork_depth_ = 0;
  bool has_changed_ = false;
};

}  // namespace

ForwardEffects analyse_forward(const torch::jit::Module& module) {
  auto graph = resolve_forward(module);
  ForwardEffects effects = Analysis(*graph).effects;
  effects.graph = std::move(graph);
  return effects;
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
