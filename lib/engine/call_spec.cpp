// SPDX-License-Identifier: Apache-2.0
// Reading torch.utils._pytree's JSON (treespec_dumps, protocol 1):
//   [1, {"type": "builtins.dict", "context": "[\"a\", \"b\"]", "children_spec": [{"type": null, ...}, ...]}]
// A leaf, a tensor, has the type null.
#include "engine/call_spec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace gantry::libtorch {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 64;

/// A tensor in a pytree; the name is the key of the dict right around it, if there is one.
struct Leaf {
  std::string name;
};

bool collect(const json& node, const std::string& name, int depth, std::vector<Leaf>& leaves) {
  if (depth > kMaxDepth || !node.is_object() || !node.contains("type") || !node.contains("children_spec")) return false;
  if (node["type"].is_null()) {
    leaves.push_back({name});
    return true;
  }
  const json& children = node["children_spec"];
  if (!children.is_array()) return false;
  json keys;
  if (node["type"] == "builtins.dict" && node.contains("context") && node["context"].is_string())
    keys = json::parse(node["context"].get<std::string>(), nullptr, false);
  for (std::size_t i = 0; i < children.size(); ++i) {
    const bool is_named = keys.is_array() && i < keys.size() && keys[i].is_string();
    if (!collect(children[i], is_named ? keys[i].get<std::string>() : std::string(), depth + 1, leaves)) return false;
  }
  return true;
}

std::optional<std::vector<Leaf>> leaves_of(const std::string& spec) {
  const json parsed = json::parse(spec, nullptr, false);
  std::vector<Leaf> leaves;
  if (!parsed.is_array() || parsed.size() != 2 || !collect(parsed[1], "", 0, leaves)) return std::nullopt;
  return leaves;
}

std::optional<std::size_t> find_spec(const std::vector<TensorSpec>& specs, const std::string& name) {
  const auto at = std::find_if(specs.begin(), specs.end(), [&](const TensorSpec& spec) { return spec.name == name; });
  if (at == specs.end()) return std::nullopt;
  return static_cast<std::size_t>(at - specs.begin());
}

/// The signature's tensor for each leaf; by name if every leaf has the name of another one.
std::vector<std::size_t> match(const std::vector<Leaf>& leaves, const std::vector<TensorSpec>& specs) {
  std::vector<std::size_t> by_position;
  std::vector<std::size_t> by_name;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    by_position.push_back(i);
    if (const auto at = find_spec(specs, leaves[i].name)) by_name.push_back(*at);
  }
  std::vector<std::size_t> sorted = by_name;
  std::sort(sorted.begin(), sorted.end());
  return sorted == by_position ? by_name : by_position;
}

Error mismatch(const char* verb, std::size_t has, const char* what, std::size_t wanted) {
  return Error(ErrorCode::kInvalidArgument, std::string("the model does not fit its signature: it ") + verb + " " +
                                                std::to_string(has) + " tensors, the signature has " +
                                                std::to_string(wanted) + " " + what);
}

}  // namespace

Result<CallMap> map_call(const std::string& in_spec, const std::string& out_spec, const Signature& signature) {
  const auto inputs = leaves_of(in_spec);
  const auto outputs = leaves_of(out_spec);
  if (!inputs || !outputs)
    return Error(ErrorCode::kInvalidArgument, "the description of the package's arguments cannot be read");
  if (inputs->size() != signature.inputs().size())
    return mismatch("takes", inputs->size(), "inputs", signature.inputs().size());
  if (outputs->size() != signature.outputs().size())
    return mismatch("gives", outputs->size(), "outputs", signature.outputs().size());
  CallMap map;
  map.inputs = match(*inputs, signature.inputs());
  map.outputs.resize(outputs->size());
  const auto places = match(*outputs, signature.outputs());
  for (std::size_t i = 0; i < places.size(); ++i) map.outputs[places[i]] = i;
  return map;
}

}  // namespace gantry::libtorch
