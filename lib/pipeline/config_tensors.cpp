// SPDX-License-Identifier: Apache-2.0
// Parses select, bundle and the named inputs of a pipeline.
#include "pipeline/config_tensors.hpp"

#include <algorithm>
#include <gantry/named_tensors.hpp>
#include <set>
#include <utility>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kMaxTuple = 16;  // the limit of a fork's branches, too

std::vector<std::string> read_strings(JsonObject& object, const char* key, bool is_required) {
  const Json* list = object.list(key, is_required);
  std::vector<std::string> strings;
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    if (!(*list)[i].is_string()) {
      object.fail(key + ("[" + std::to_string(i) + "]"), "expected a string, got " + describe((*list)[i]));
      return {};
    }
    strings.push_back((*list)[i].get<std::string>());
  }
  return strings;
}

/// The node; or an error about its parameters, at the op's path.
Result<NodePtr> checked(const JsonObject& object, NodePtr node) {
  if (node->error) return json_error(object.path(), "'" + node->name + "': " + node->error->message());
  return node;
}

template <std::size_t... I>
const TypeInfo* tuple_of_tensors(std::size_t count, std::index_sequence<I...>) {
  const TypeInfo* found = nullptr;
  (void)((I + 1 == count && (found = &type_of<typename TensorTuple<std::make_index_sequence<I + 1>>::type>(), true)) ||
         ...);
  return found;
}

bool holds_tensors_alone(const TypeInfo& type) {
  if (type.list) return same_type(type.list->element(), type_of<Tensor>());
  for (std::size_t i = 0; type.tuple && i < type.tuple->arity; ++i)
    if (!same_type(type.tuple->element(i), type_of<Tensor>())) return false;
  return type.tuple != nullptr;
}

}  // namespace

namespace {

/// {"op": "select", "item": 1} over a tuple.
Result<NodePtr> parse_item(JsonObject& object, const TypeInfo* in) {
  const std::int64_t item = object.integer("item");
  GANTRY_RETURN_IF_ERROR(object.finish());
  if (in == nullptr || in->tuple == nullptr)
    return json_error(
        object.path(),
        "'select' of an item takes a tuple whose types are known: those of a fork are told by the op "
        "behind it, or by the first op of a branch behind it. If one item is all you want, put the ops of "
        "its branch in the place of the fork. It is given " +
            (in ? in->name() : "what nobody states"));
  const auto arity = static_cast<std::int64_t>(in->tuple->arity);
  if (item < 0 || item >= arity)
    return json_error(object.path_of("item"), "must be 0.." + std::to_string(arity - 1) + " of " + in->name() +
                                                  ", got " + std::to_string(item));
  const auto index = static_cast<std::size_t>(item);
  return checked(object, make_item_node(*in, in->tuple->element(index), index, ""));
}

}  // namespace

Result<NodePtr> parse_select(JsonObject& object, const TypeInfo* in) {
  if (object.has("item")) return parse_item(object, in);
  const bool is_single = object.has("name");
  const std::string name = is_single ? object.string("name") : "";
  std::vector<std::string> names, as;
  if (!is_single) {
    names = read_strings(object, "names", true);
    as = read_strings(object, "as", false);
  }
  GANTRY_RETURN_IF_ERROR(object.finish());
  return checked(object, is_single ? select(name).node() : select(std::move(names), std::move(as)).node());
}

Result<NodePtr> parse_bundle(JsonObject& object, const TypeInfo* in) {
  std::vector<std::string> names = read_strings(object, "names", true);
  GANTRY_RETURN_IF_ERROR(object.finish());
  if (in == nullptr) in = tuple_of_tensors(names.size(), std::make_index_sequence<kMaxTuple>());
  if (in == nullptr)
    return json_error(object.path_of("names"), "needs 1.." + std::to_string(kMaxTuple) +
                                                   " names of a tuple's tensors, got " + std::to_string(names.size()));
  if (!holds_tensors_alone(*in))
    return json_error(object.path(),
                      "'bundle' takes a tuple or list of Tensor, but the op before it gives " + in->name());
  if (in->tuple && in->tuple->arity != names.size())
    return json_error(object.path_of("names"), "has " + std::to_string(names.size()) + " names, but the tuple has " +
                                                   std::to_string(in->tuple->arity) + " tensors");
  return checked(object, make_bundle_node(*in, std::move(names)));
}

Value join_inputs(const TypeInfo& in, const std::vector<PipelineInput>& inputs, std::vector<Value> values) {
  if (in.tuple) return in.tuple->collect(values.data());
  if (!same_type(in, type_of<Tensors>())) return Value(InputValues(std::move(values)));
  Tensors tensors;
  for (std::size_t i = 0; i < values.size(); ++i) tensors.add(inputs[i].name, std::move(values[i].get<Tensor>()));
  return Value(std::move(tensors));
}

Result<void> check_input_names(const Tensors& given, const std::vector<PipelineInput>& inputs) {
  const auto refused = [&](const std::string& what) {
    std::string names;
    for (const PipelineInput& input : inputs) names += (names.empty() ? "'" : ", '") + input.name + "'";
    return Error(ErrorCode::kInvalidArgument,
                 "the pipeline takes one tensor for each of its inputs " + names + ": " + what);
  };
  for (const PipelineInput& input : inputs)
    if (given.find(input.name) == nullptr) return refused("'" + input.name + "' is missing");
  if (given.size() == inputs.size()) return {};
  std::set<std::string> seen;
  for (const NamedTensor& item : given) {
    const bool is_known =
        std::any_of(inputs.begin(), inputs.end(), [&](const auto& one) { return one.name == item.name; });
    if (!is_known) return refused("there is no '" + item.name + "'; leave it out");
    if (!seen.insert(item.name).second) return refused("'" + item.name + "' is there twice");
  }
  return {};
}

NodePtr with_checked_names(const NodePtr& root, std::vector<PipelineInput> inputs) {
  auto checked = std::make_shared<Node>(*root);
  if (root->kind == "chain") {
    checked->branches[0].node = with_checked_names(root->branches[0].node, std::move(inputs));
    return checked;
  }
  checked->check = std::make_shared<const InputCheck>(
      [inputs = std::move(inputs)](const Value& value) { return check_input_names(value.get<Tensors>(), inputs); });
  return checked;
}

PipelineInputs::PipelineInputs(const std::vector<std::string>& names) {
  for (const std::string& name : names) inputs_.push_back({name, nullptr});
}

std::string PipelineInputs::names() const {
  std::string text;
  for (const PipelineInput& input : inputs_) text += (text.empty() ? "'" : ", '") + input.name + "'";
  return text;
}

Result<const TypeInfo*> PipelineInputs::take(const TypeInfo* in) {
  if (in == nullptr) return &type_of<InputValues>();
  const bool is_by_name = same_type(*in, type_of<Tensors>());
  if (!is_by_name && (in->tuple == nullptr || in->tuple->arity != inputs_.size()))
    return Error(ErrorCode::kInvalidArgument, "the pipeline has the inputs " + names() + ": it takes a tuple of " +
                                                  std::to_string(inputs_.size()) + " or Tensors, but In is " +
                                                  in->name());
  for (std::size_t i = 0; i < inputs_.size(); ++i)
    inputs_[i].type = is_by_name ? &type_of<Tensor>() : &in->tuple->element(i);
  return in;
}

Result<NodePtr> PipelineInputs::parse_select(JsonObject& object, const TypeInfo& whole,
                                             const Result<const TypeInfo*>& wanted) {
  const std::string name = object.string("name");
  GANTRY_RETURN_IF_ERROR(object.finish());
  const auto input = std::find_if(inputs_.begin(), inputs_.end(), [&](const auto& one) { return one.name == name; });
  if (input == inputs_.end())
    return json_error(object.path_of("name"), "the pipeline has no input '" + name + "'; it has " + names());
  if (input->type == nullptr) {
    GANTRY_RETURN_IF_ERROR(wanted);
    input->type = *wanted;
  }
  if (input->type == nullptr)
    return json_error(object.path(), "the type of input '" + name +
                                         "' is unknown: no op after its select states the type that it takes");
  return checked(object, make_item_node(whole, *input->type, static_cast<std::size_t>(input - inputs_.begin()), name));
}

Result<std::vector<PipelineInput>> PipelineInputs::finish() const {
  for (const PipelineInput& input : inputs_)
    if (input.type == nullptr)
      return Error(ErrorCode::kInvalidArgument, "no op selects input '" + input.name + "' of the pipeline");
  return inputs_;
}

}  // namespace gantry::inline GANTRY_ABI::detail
