// SPDX-License-Identifier: Apache-2.0
// Inlines and folds constants without LibTorch's freezing: freezing changes what runs share, which is to be found out
// here.
#include "engine/torch/resolved_graph.hpp"

#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/passes/peephole.h>

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "engine/torch/graph_walk.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

const auto kSubgraph = c10::Symbol::attr("Subgraph");
const auto kName = c10::Symbol::attr("name");

/// Names of attributes that the module's code assigns.
std::unordered_set<std::string> assigned_names(const torch::jit::Module& module) {
  std::unordered_set<std::string> names;
  for (const auto& graph : all_graphs(module))
    for_each_node(graph->block(), [&](const Node* node) {
      if (node->kind() == c10::prim::SetAttr) names.insert(node->s(kName));
    });
  return names;
}

class Resolver {
 public:
  explicit Resolver(const torch::jit::Module& module) : assigned_(assigned_names(module)) {}

  /// Each pass may find the object behind an interface. The next pass inlines its methods.
  void resolve(Graph& graph, const torch::jit::Module& module) {
    objects_[graph.inputs().at(0)] = module._ivalue();
    copy_subgraphs(graph.block());
    constexpr int kMaxDepth = 64;
    for (int depth = 0; depth < kMaxDepth; ++depth) {
      found_interface_ = false;
      inline_calls(graph);
      visit(graph.block());
      if (!found_interface_) break;
    }
    fold(graph);
  }

 private:
  /// A copy of a graph shares the graphs of its forks with the original.
  void copy_subgraphs(Block* block) {
    for (Node* node : block->nodes()) {
      for (Block* inner : node->blocks()) copy_subgraphs(inner);
      const auto subgraph = subgraph_of(node);
      if (!subgraph || !copied_.insert(node).second) continue;
      node->g_(kSubgraph, subgraph->copy());
      copy_subgraphs(node->g(kSubgraph)->block());
    }
  }

  void inline_calls(Graph& graph) {
    torch::jit::Inline(graph);
    copy_subgraphs(graph.block());
    for_each_node(graph.block(), [](const Node* node) {
      if (const auto subgraph = subgraph_of(node)) torch::jit::Inline(*subgraph);
    });
    copy_subgraphs(graph.block());
  }

  void visit(Block* block) {
    for (Node* node : block->nodes()) {
      for (Block* inner : node->blocks()) visit(inner);
      if (node->kind() == c10::prim::GetAttr) read_attribute(node);
      const auto subgraph = subgraph_of(node);
      if (!subgraph) continue;
      for (std::size_t i = 0; i < node->inputs().size() && i < subgraph->inputs().size(); ++i)
        if (const auto at = objects_.find(node->inputs()[i]); at != objects_.end())
          note(subgraph->inputs()[i], at->second);
      visit(subgraph->block());
    }
  }

  void read_attribute(Node* node) {
    const auto at = objects_.find(node->input());
    if (at == objects_.end()) return;
    const std::string& name = node->s(kName);
    const auto slot = at->second->type()->findAttributeSlot(name);
    if (!slot || assigned_.count(name) > 0) return;
    const c10::IValue& value = at->second->getSlot(*slot);
    if (value.isObject()) return note(node->output(), value.toObject());
    if (!value.isBool() && !value.isInt() && !value.isDouble() && !value.isString() && !value.isNone()) return;
    const torch::jit::WithInsertPoint here(node);
    node->output()->replaceAllUsesWith(node->owningGraph()->insertConstant(value));
  }

  void note(Value* value, const c10::intrusive_ptr<c10::ivalue::Object>& object) {
    if (!objects_.emplace(value, object).second) return;
    if (value->type()->kind() != c10::TypeKind::InterfaceType) return;
    value->setType(object->type());
    found_interface_ = true;
  }

  /// Folds immutable values only, so that no tensor is computed.
  static void fold(Graph& graph) {
    for_each_node(graph.block(), [](const Node* node) {
      if (const auto subgraph = subgraph_of(node)) fold(*subgraph);
    });
    auto shared = graph.shared_from_this();
    for (int round = 0; round < 2; ++round) {
      torch::jit::ConstantPropagationImmutableTypes(shared);
      torch::jit::PeepholeOptimize(shared, /*disable_shape_peepholes=*/true);
    }
    torch::jit::ConstantPropagationImmutableTypes(shared);
    // Dead code is kept: LibTorch's pass takes an append to a list inside a list for dead.
  }

  const std::unordered_set<std::string> assigned_;
  std::unordered_map<const Value*, c10::intrusive_ptr<c10::ivalue::Object>> objects_;
  std::unordered_set<const Node*> copied_;
  bool found_interface_ = false;
};

}  // namespace

std::shared_ptr<Graph> resolve_forward(const torch::jit::Module& module) {
  auto graph = module.get_method("forward").graph()->copy();
  Resolver(module).resolve(*graph, module);
  return graph;
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
