// SPDX-License-Identifier: Apache-2.0
// Walks over TorchScript graphs, including nested blocks and forked graphs.
#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <gantry/version.hpp>
#include <memory>
#include <utility>
#include <vector>

namespace gantry::inline GANTRY_ABI::libtorch {

/// The subgraph of a node that has one (prim::fork, prim::awaitable); nullptr for other nodes.
inline std::shared_ptr<torch::jit::Graph> subgraph_of(const torch::jit::Node* node) {
  static const auto kSubgraph = c10::Symbol::attr("Subgraph");
  return node->hasAttribute(kSubgraph) ? node->g(kSubgraph) : nullptr;
}

/// Calls `visit` with every node, including nested ones. `visit` may change a node, but not remove one.
template <class Visit>
void for_each_node(torch::jit::Block* block, const Visit& visit) {
  for (torch::jit::Node* node : block->nodes()) {
    visit(node);
    for (torch::jit::Block* inner : node->blocks()) for_each_node(inner, visit);
    if (const auto subgraph = subgraph_of(node)) for_each_node(subgraph->block(), visit);
  }
}

/// The graphs of all that a module can call: methods of its classes, hooks, free functions.
inline std::vector<std::shared_ptr<torch::jit::Graph>> all_graphs(const torch::jit::Module& module) {
  std::vector<std::shared_ptr<torch::jit::Graph>> graphs;
  for (torch::jit::Function* function : module._ivalue()->compilation_unit()->get_functions()) {
    auto* const script = function ? torch::jit::tryToGraphFunction(*function) : nullptr;
    if (!script) continue;  // a function that freezing removed, or one in C++
    script->ensure_defined();
    graphs.push_back(script->graph());
  }
  return graphs;
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
