// SPDX-License-Identifier: Apache-2.0
// Checking forward() against a signature once, and mapping calls through what was found.
#include "engine/forward_call.hpp"

#include <ATen/core/function_schema.h>
#include <ATen/core/jit_type.h>

#include <algorithm>
#include <utility>

namespace gantry::libtorch {
namespace {

using Arguments = c10::ArrayRef<c10::Argument>;

Error mismatch(const std::string& why) {
  return Error(ErrorCode::kInvalidArgument, "the model does not fit its signature: " + why);
}

bool takes_tensor(const c10::Argument& argument) {
  return c10::TensorType::get()->isSubtypeOf(*argument.type());
}

std::optional<std::size_t> find_argument(const Arguments& arguments, const std::string& name) {
  const auto at = std::find_if(arguments.begin(), arguments.end(),
                               [&](const c10::Argument& argument) { return argument.name() == name; });
  if (at == arguments.end()) return std::nullopt;
  return static_cast<std::size_t>(at - arguments.begin());
}

/// For each input the argument it goes to.
std::vector<std::size_t> assign(const std::vector<TensorSpec>& inputs, const Arguments& arguments) {
  std::vector<std::size_t> by_position;
  std::vector<std::size_t> by_name;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    by_position.push_back(i);
    if (const auto at = find_argument(arguments, inputs[i].name)) by_name.push_back(*at);
  }
  return by_name.size() == inputs.size() ? by_name : by_position;
}

/// How many tensors forward() gives, where its type says.
std::optional<std::size_t> output_count(const c10::FunctionSchema& schema) {
  if (schema.returns().size() != 1) return schema.returns().size();
  const c10::TypePtr& type = schema.returns()[0].type();
  if (type->isSubtypeOf(*c10::TensorType::get())) return 1;
  if (const auto tuple = type->cast<c10::TupleType>()) return tuple->elements().size();
  return std::nullopt;
}

Result<at::Tensor> tensor_of(const c10::IValue& value, const std::string& name) {
  if (value.isTensor()) return value.toTensor();
  return Error(ErrorCode::kModelError, "output '" + name + "' is a " + value.tagKind() + ", not a tensor");
}

Result<std::vector<at::Tensor>> tensors_by_name(const c10::IValue& result, const std::vector<TensorSpec>& specs) {
  const auto dict = result.toGenericDict();
  std::vector<at::Tensor> tensors;
  for (const TensorSpec& spec : specs) {
    const auto at = dict.find(spec.name);
    if (at == dict.end()) return Error(ErrorCode::kModelError, "the model's result has no entry '" + spec.name + "'");
    auto tensor = tensor_of(at->value(), spec.name);
    if (!tensor) return std::move(tensor).error();
    tensors.push_back(*std::move(tensor));
  }
  return tensors;
}

}  // namespace

Result<ForwardCall> ForwardCall::make(const torch::jit::Module& module, const Signature& signature) {
  const auto method = module.get_method("forward");
  const c10::FunctionSchema& schema = method.function().getSchema();
  const Arguments arguments = Arguments(schema.arguments()).slice(1);  // the first one is self
  const auto& inputs = signature.inputs();
  if (inputs.size() > arguments.size())
    return mismatch("forward() takes " + std::to_string(arguments.size()) + " arguments, the signature has " +
                    std::to_string(inputs.size()) + " inputs");

  ForwardCall call;
  call.outputs_ = signature.outputs();
  call.arguments_.resize(arguments.size());
  const auto places = assign(inputs, arguments);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const c10::Argument& argument = arguments[places[i]];
    if (!takes_tensor(argument))
      return mismatch("argument '" + argument.name() + "' of forward() is a " + argument.type()->str() +
                      ", the input '" + inputs[i].name + "' is a tensor");
    call.arguments_[places[i]].input = i;
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (call.arguments_[i].input) continue;
    if (!arguments[i].default_value())
      return mismatch("forward() needs the argument '" + arguments[i].name() + "', which the signature lacks");
    call.arguments_[i].value = *arguments[i].default_value();
  }
  const auto outputs = output_count(schema);
  if (outputs && *outputs != signature.outputs().size())
    return mismatch("forward() gives " + std::to_string(*outputs) + " values, the signature has " +
                    std::to_string(signature.outputs().size()) + " outputs");
  return call;
}

std::vector<c10::IValue> ForwardCall::arguments(const std::vector<at::Tensor>& inputs) const {
  std::vector<c10::IValue> values;
  values.reserve(arguments_.size());
  for (const Argument& argument : arguments_)
    values.push_back(argument.input ? c10::IValue(inputs[*argument.input]) : argument.value);
  return values;
}

Result<std::vector<at::Tensor>> ForwardCall::outputs_of(c10::IValue result) const {
  if (result.isGenericDict()) {
    if (result.toGenericDict().keyType()->kind() != c10::TypeKind::StringType)
      return Error(ErrorCode::kModelError, "the model's result is a dict whose keys are not names");
    return tensors_by_name(result, outputs_);
  }
  if (result.isTensorList()) return result.toTensorVector();
  std::vector<c10::IValue> values;
  if (result.isTuple())
    values.assign(result.toTupleRef().elements().begin(), result.toTupleRef().elements().end());
  else if (result.isList())
    values = result.toListRef().vec();
  else
    values = {result};
  std::vector<at::Tensor> tensors;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string name = i < outputs_.size() ? outputs_[i].name : std::to_string(i);
    auto tensor = tensor_of(values[i], name);
    if (!tensor) return std::move(tensor).error();
    tensors.push_back(*std::move(tensor));
  }
  return tensors;
}

}  // namespace gantry::libtorch
