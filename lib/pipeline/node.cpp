// SPDX-License-Identifier: Apache-2.0
// Chaining nodes, and the defaults of Step and Kernel.
#include <gantry/node.hpp>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

Step::~Step() = default;
Kernel::~Kernel() = default;

Fusion Kernel::fuse(Span<const Branch>) const {
  return {};
}

void Step::start(Span<Slot> slots, Context& context, Function<void()> resume) const {
  run(slots, context);
  resume();
}

namespace {

void append(const NodePtr& node, Node& chain) {
  if (node->kind == "chain")
    chain.branches.insert(chain.branches.end(), node->branches.begin(), node->branches.end());
  else
    chain.branches.push_back({"", node});
}

}  // namespace

NodePtr chain_nodes(const NodePtr& a, const NodePtr& b) {
  auto chain = std::make_shared<Node>();
  chain->kind = "chain";
  chain->name = "chain";
  chain->in = a->in;
  chain->out = b->out;
  append(a, *chain);
  append(b, *chain);
  for (const Branch& branch : chain->branches) {
    if (!branch.node->error) continue;
    chain->error = branch.node->error->within("stage '" + branch.node->name + "'");
    break;
  }
  return chain;
}

}  // namespace gantry::inline GANTRY_ABI::detail
