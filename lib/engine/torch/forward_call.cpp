// SPDX-License-Identifier: Apache-2.0
// Checks forward() against a signature once, and maps calls accordingly.
#include "engine/torch/forward_call.hpp"

#include <ATen/core/function_schema.h>
#include <ATen/core/jit_type.h>

#include <algorithm>
#include <utility>

#include "core/return_if_error.hpp"
#include "engine/torch/name_matching.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

using Arguments = c10::ArrayRef<c10::Argument>;
using FixedArguments = OptionValue::Object;

bool takes_tensor(const c10::Argument& argument) {
  return c10::TensorType::get()->isSubtypeOf(*argument.type());
}

/// "forward() takes 'x' (Tensor), 'rate' (int, has a default)".
std::string list(const Arguments& arguments) {
  std::string text = "forward() takes ";
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    text += (i > 0 ? ", '" : "'") + arguments[i].name() + "' (" + arguments[i].type()->str();
    if (arguments[i].default_value()) text += ", has a default";
    text += ")";
  }
  return arguments.empty() ? text + "nothing" : text;
}

Error mismatch(const std::string& why, const Arguments& arguments) {
  return Error(ErrorCode::kInvalidArgument, "the model does not fit its signature: " + why + "; " + list(arguments));
}

Error bad_argument(const std::string& name, const std::string& why, const Arguments& arguments) {
  return Error(ErrorCode::kInvalidArgument, "the fixed argument '" + name + "' " + why + "; " + list(arguments));
}

const char* kind_of(const OptionValue& value) {
  constexpr const char* kNames[] = {"a bool", "an int", "a float", "a str", "a list", "a dict"};
  return kNames[value.value().index()];
}

/// The value as an argument of this type (without Optional); an int is accepted for a float.
std::optional<c10::IValue> convert(const OptionValue& option, const c10::Type& type) {
  const OptionValue::Value& value = option.value();
  const bool* const flag = std::get_if<bool>(&value);
  const std::int64_t* const integer = std::get_if<std::int64_t>(&value);
  const double* const real = std::get_if<double>(&value);
  const std::string* const text = std::get_if<std::string>(&value);
  switch (type.kind()) {
    case c10::TypeKind::BoolType:
      return flag ? std::optional<c10::IValue>(*flag) : std::nullopt;
    case c10::TypeKind::IntType:
      return integer ? std::optional<c10::IValue>(*integer) : std::nullopt;
    case c10::TypeKind::FloatType:
      if (integer) return static_cast<double>(*integer);
      return real ? std::optional<c10::IValue>(*real) : std::nullopt;
    case c10::TypeKind::NumberType:
      if (integer) return *integer;
      return real ? std::optional<c10::IValue>(*real) : std::nullopt;
    case c10::TypeKind::StringType:
      return text ? std::optional<c10::IValue>(*text) : std::nullopt;
    case c10::TypeKind::OptionalType:
    case c10::TypeKind::UnionType:
      for (const c10::TypePtr& part : type.containedTypes())
        if (auto converted = convert(option, *part)) return converted;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

/// The fixed value of each argument that has one.
Result<std::vector<std::optional<c10::IValue>>> fix_arguments(const FixedArguments& fixed, const Arguments& arguments) {
  std::vector<std::optional<c10::IValue>> values(arguments.size());
  for (const auto& [name, value] : fixed) {
    const auto at = std::find_if(arguments.begin(), arguments.end(),
                                 [&name = name](const c10::Argument& argument) { return argument.name() == name; });
    if (at == arguments.end()) return bad_argument(name, "is none of the model's", arguments);
    if (takes_tensor(*at)) return bad_argument(name, "is a tensor, which the signature gives", arguments);
    auto converted = convert(value, *at->type());
    if (!converted)
      return bad_argument(name, "is " + std::string(kind_of(value)) + ", the model wants " + at->type()->str(),
                          arguments);
    values[static_cast<std::size_t>(at - arguments.begin())] = std::move(converted);
  }
  return values;
}

/// An input of the signature with the name of an argument that is not a tensor.
std::optional<Error> find_misnamed(const std::vector<TensorSpec>& inputs, const Arguments& arguments) {
  for (const c10::Argument& argument : arguments)
    for (const TensorSpec& input : inputs)
      if (input.name == argument.name() && !takes_tensor(argument))
        return mismatch("argument '" + argument.name() + "' of forward() is a " + argument.type()->str() +
                            ", the input '" + input.name + "' is a tensor",
                        arguments);
  return std::nullopt;
}

}  // namespace

Result<ForwardCall> ForwardCall::make(const torch::jit::Module& module, const torch::jit::Graph& graph,
                                      const Signature& signature, const FixedArguments& fixed) {
  const auto method = module.get_method("forward");
  const c10::FunctionSchema& schema = method.function().getSchema();
  const Arguments arguments = Arguments(schema.arguments()).slice(1);  // the first one is self
  GANTRY_RETURN_IF_ERROR(find_misnamed(signature.inputs(), arguments));
  GANTRY_ASSIGN_OR_RETURN(auto values, fix_arguments(fixed, arguments));

  std::vector<ModelInput> tensors;
  std::vector<std::size_t> places;  // indices of the tensor arguments
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!takes_tensor(arguments[i])) continue;
    tensors.push_back({arguments[i].name(), arguments[i].default_value().has_value()});
    places.push_back(i);
  }
  const auto matching = match_inputs(tensors, signature.inputs());
  if (!matching) return Error(matching.error().code(), matching.error().message() + "; " + list(arguments));
  GANTRY_ASSIGN_OR_RETURN(auto result, ForwardResult::make(graph, signature));

  ForwardCall call(std::move(result));
  call.outputs_ = signature.outputs();
  call.matching_ = describe_matching(matching->by_name, call.result_.is_by_name());
  call.arguments_.resize(arguments.size());
  for (std::size_t i = 0; i < matching->places.size(); ++i) call.arguments_[places[matching->places[i]]].input = i;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (call.arguments_[i].input) continue;
    if (!values[i] && !arguments[i].default_value())
      return mismatch("forward() needs the argument '" + arguments[i].name() +
                          "', which is no tensor: give its value in libtorch::Options::arguments, or in the "
                          "package's \"options\": {\"arguments\": ...}",
                      arguments);
    call.arguments_[i].value = values[i] ? *std::move(values[i]) : *arguments[i].default_value();
  }
  return call;
}

std::vector<c10::IValue> ForwardCall::arguments(const std::vector<at::Tensor>& inputs) const {
  std::vector<c10::IValue> values;
  values.reserve(arguments_.size());
  for (const Argument& argument : arguments_)
    values.push_back(argument.input ? c10::IValue(inputs[*argument.input]) : argument.value);
  return values;
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
