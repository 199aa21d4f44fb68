// SPDX-License-Identifier: Apache-2.0
// Reading torch.utils._pytree's JSON (treespec_dumps, protocol 1):
//   [1, {"type": "builtins.dict", "context": "[\"a\", \"b\"]", "children_spec": [{"type": null, ...}, ...]}]
// A leaf is a tensor and has the type null. A named tuple only has its class's name, so its fields are named by index.
#include "engine/torch/call_spec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "engine/torch/name_matching.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

using nlohmann::json;
using Names = std::vector<std::string>;

constexpr int kMaxDepth = 64;

bool is_node(const json& node) {
  return node.is_object() && node.contains("type") && node.contains("children_spec") &&
         (node["type"].is_null() || node["children_spec"].is_array());
}

/// The keys of a dict, an OrderedDict or a defaultdict, one per child; nullopt for anything else.
std::optional<Names> keys_of(const json& node) {
  const auto context = node.find("context");
  if (context == node.end() || !context->is_string()) return std::nullopt;
  json keys = json::parse(context->get<std::string>(), nullptr, false);
  if (keys.is_object() && keys.contains("dict_context")) keys = json(keys["dict_context"]);
  if (!keys.is_array() || keys.size() != node["children_spec"].size() || keys.empty()) return std::nullopt;
  Names names;
  for (const json& key : keys) {
    if (!key.is_string() && !key.is_number_integer()) return std::nullopt;
    names.push_back(key.is_string() ? key.get<std::string>() : key.dump());
  }
  return names;
}

/// Appends the paths of all leaves below `node`; false if the description is damaged.
bool collect(const json& node, const std::string& path, int depth, Names& leaves) {
  if (depth > kMaxDepth || !is_node(node)) return false;
  if (node["type"].is_null()) {
    leaves.push_back(path);
    return true;
  }
  const json& children = node["children_spec"];
  const auto keys = keys_of(node);
  for (std::size_t i = 0; i < children.size(); ++i)
    if (!collect(children[i], join_path(path, keys ? (*keys)[i] : std::to_string(i)), depth + 1, leaves)) return false;
  return true;
}

std::optional<json> tree_of(const std::string& spec) {
  json parsed = json::parse(spec, nullptr, false);
  if (!parsed.is_array() || parsed.size() != 2 || !is_node(parsed[1])) return std::nullopt;
  return json(std::move(parsed[1]));
}

/// True for a tuple or list of only tensors: its tensors have no names.
bool is_flat(const json& node) {
  const json& children = node["children_spec"];
  return !keys_of(node) && std::all_of(children.begin(), children.end(),
                                       [](const json& child) { return is_node(child) && child["type"].is_null(); });
}

std::optional<Names> result_names(const std::string& spec) {
  const auto tree = tree_of(spec);
  Names leaves;
  if (!tree || !collect(*tree, "", 0, leaves)) return std::nullopt;
  if (!(*tree)["type"].is_null() && is_flat(*tree)) leaves.assign(leaves.size(), "");
  return leaves;
}

/// The names in the description of a call, which is a tuple of positional arguments and a dict of keyword arguments.
std::optional<Names> argument_names(const std::string& spec) {
  const auto tree = tree_of(spec);
  if (!tree || (*tree)["type"].is_null()) return std::nullopt;
  Names leaves;
  for (const json& part : (*tree)["children_spec"]) {
    if (!is_node(part)) return std::nullopt;
    if (part["type"].is_null() || keys_of(part)) {
      if (!collect(part, "", 0, leaves)) return std::nullopt;
      continue;
    }
    for (const json& argument : part["children_spec"])
      if (!collect(argument, "", 0, leaves)) return std::nullopt;
  }
  return leaves;
}

}  // namespace

Result<CallSpec> read_call_spec(const std::string& in_spec, const std::string& out_spec) {
  const auto inputs = argument_names(in_spec);
  const auto outputs = result_names(out_spec);
  if (!inputs || !outputs)
    return Error(ErrorCode::kInvalidArgument, "the description of the package's arguments cannot be read");
  return CallSpec{*inputs, {outputs->begin(), outputs->end()}};
}

Result<CallMap> map_call(const CallSpec& spec, const Signature& signature) {
  std::vector<ModelInput> arguments;
  for (const std::string& name : spec.inputs) arguments.push_back({name, false});
  Names results;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < spec.outputs.size(); ++i) {
    if (!spec.outputs[i]) continue;
    results.push_back(*spec.outputs[i]);
    places.push_back(i);
  }
  GANTRY_ASSIGN_OR_RETURN(auto inputs, match_inputs(arguments, signature.inputs()));
  GANTRY_ASSIGN_OR_RETURN(auto outputs, match_outputs(results, signature.outputs()));
  CallMap map;
  map.inputs.resize(inputs.places.size());
  for (std::size_t i = 0; i < inputs.places.size(); ++i) map.inputs[inputs.places[i]] = i;
  for (const std::size_t place : outputs.places) map.outputs.push_back(places[place]);
  map.matching = describe_matching(inputs.by_name, outputs.by_name);
  return map;
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
