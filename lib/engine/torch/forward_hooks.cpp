// SPDX-License-Identifier: Apache-2.0
// Writes the graph that TorchScript's compiler writes for a call of a module with hooks.
#include "engine/torch/forward_hooks.hpp"

#include <torch/csrc/jit/api/compilation_unit.h>
#include <torch/csrc/jit/frontend/schema_matching.h>
#include <torch/csrc/jit/ir/ir.h>

#include <memory>
#include <vector>

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

using torch::jit::Function;
using torch::jit::Graph;
using torch::jit::Value;

Value* call(Graph& graph, Function* function, const std::vector<Value*>& inputs) {
  torch::jit::MatchedSchema matched;
  matched.inputs = inputs;
  matched.return_types = {function->getSchema().returns().at(0).type()};
  return graph.insertFunctionCall(function, matched);
}

bool is_none(const Value* value) {
  return value->type()->kind() == c10::TypeKind::NoneType;
}

/// forward()'s arguments as a tuple, after the pre-hooks. A pre-hook returns None, a tuple of all arguments, or the
/// only argument.
Value* run_pre_hooks(Graph& graph, const c10::ClassType& type, Value* module, Value* arguments) {
  for (Function* hook : type.getForwardPreHooks()) {
    Value* const result = call(graph, hook, {module, arguments});
    if (is_none(result)) continue;
    const bool is_all = result->type()->kind() == c10::TypeKind::TupleType;
    arguments = is_all ? result : graph.insertNode(graph.createTuple({result}))->output();
  }
  return arguments;
}

Value* run_hooks(Graph& graph, const c10::ClassType& type, Value* module, Value* arguments, Value* result) {
  for (Function* hook : type.getForwardHooks()) {
    Value* const changed = call(graph, hook, {module, arguments, result});
    if (!is_none(changed)) result = changed;
  }
  return result;
}

}  // namespace

torch::jit::Module with_hooks(const torch::jit::Module& module) {
  const c10::ClassTypePtr type = module.type();
  if (type->getForwardHooks().empty() && type->getForwardPreHooks().empty()) return module;
  const auto unit = module._ivalue()->compilation_unit();
  torch::jit::Module caller(c10::QualifiedName("__torch__.gantry.ModuleWithHooks"), unit, /*shouldMangle=*/true);
  caller.register_module("module", module);

  Function& forward = module.get_method("forward").function();
  const c10::FunctionSchema& schema = forward.getSchema();
  const auto graph = std::make_shared<Graph>();
  Value* const self = graph->addInput("self")->setType(caller.type());
  std::vector<Value*> inputs;
  std::vector<c10::Argument> arguments = {c10::Argument("self", caller.type())};
  for (std::size_t i = 1; i < schema.arguments().size(); ++i) {
    const c10::Argument& argument = schema.arguments()[i];
    inputs.push_back(graph->addInput(argument.name())->setType(argument.type()));
    arguments.push_back(argument);
  }
  Value* const inner = graph->insertGetAttr(self, "module");
  Value* const given = run_pre_hooks(*graph, *type, inner, graph->insertNode(graph->createTuple(inputs))->output());
  std::vector<Value*> passed = {inner};
  for (Value* value : graph->insertNode(graph->createTupleUnpack(given))->outputs()) passed.push_back(value);
  Value* const result = run_hooks(*graph, *type, inner, given, call(*graph, &forward, passed));
  graph->registerOutput(result);

  Function* const method = unit->create_function(c10::QualifiedName(*caller.type()->name(), "forward"), graph);
  method->setSchema(c10::FunctionSchema("forward", "", arguments, {c10::Argument("", result->type())}));
  caller.type()->addMethod(method);
  caller.eval();
  return caller;
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
