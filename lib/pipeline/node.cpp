// SPDX-License-Identifier: Apache-2.0
// Chaining nodes, and the defaults of Step and Kernel.
#include <exception>
#include <gantry/node.hpp>
#include <gantry/result.hpp>
#include <new>

#include "core/error_or_out_of_memory.hpp"

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

Error translate_exception() noexcept {
  try {
    throw;
  } catch (const ResultError& error) {
    return error.error();
  } catch (const std::bad_alloc&) {
    return Error::out_of_memory();
  } catch (const std::exception& error) {
    return error_or_out_of_memory([&] {
      return Error(ErrorCode::kInternal, std::string("threw ") + demangled_name(typeid(error)) + ": " + error.what());
    });
  } catch (...) {
    return error_or_out_of_memory(
        [] { return Error(ErrorCode::kInternal, "threw something that is not a std::exception"); });
  }
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
