// SPDX-License-Identifier: Apache-2.0
// All names or none: a signature that shares only some names with the model is a mistake, and matching by position
// would swap tensors silently.
#include "engine/torch/name_matching.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

using Names = std::vector<std::string>;

std::string list(const Names& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ", ";
    text += name.empty() ? "(no name)" : name;
  }
  return text.empty() ? "none" : text;
}

Names names_of(const std::vector<TensorSpec>& specs) {
  Names names;
  for (const TensorSpec& spec : specs) names.push_back(spec.name);
  return names;
}

/// "the model's outputs are boxes, scores, the signature's are boxes, classes".
std::string both(const char* what, const Names& model, const Names& signature) {
  return std::string("the model's ") + what + " are " + list(model) + ", the signature's are " + list(signature);
}

Error mismatch(const std::string& why) {
  return Error(ErrorCode::kInvalidArgument, "the model does not fit its signature: " + why);
}

/// The indices by name; unset if no name of the signature is one of the model's.
Result<std::optional<std::vector<std::size_t>>> find_names(const char* what, const Names& model,
                                                           const Names& signature) {
  std::vector<std::size_t> places;
  Names unknown;
  for (const std::string& name : signature) {
    const auto at = std::find(model.begin(), model.end(), name);
    if (at == model.end()) {
      unknown.push_back(name);
      continue;
    }
    if (std::find(at + 1, model.end(), name) != model.end())
      return mismatch("several of the model's " + std::string(what) + " are called '" + name + "'");
    places.push_back(static_cast<std::size_t>(at - model.begin()));
  }
  if (places.empty()) return std::optional<std::vector<std::size_t>>();
  if (unknown.empty()) return std::optional(std::move(places));
  return mismatch(both(what, model, signature) + "; the model has no '" + unknown.front() +
                  "'; use the model's name for each, or for none, which goes by position");
}

std::vector<std::size_t> in_order(std::size_t count) {
  std::vector<std::size_t> places(count);
  std::iota(places.begin(), places.end(), std::size_t{0});
  return places;
}

}  // namespace

Result<NameMatching> match_inputs(const std::vector<ModelInput>& model, const std::vector<TensorSpec>& signature) {
  Names names;
  for (const ModelInput& input : model) names.push_back(input.name);
  const Names wanted = names_of(signature);
  GANTRY_ASSIGN_OR_RETURN(auto found, find_names("inputs", names, wanted));
  if (!found && wanted.size() > model.size())
    return mismatch("the model takes " + std::to_string(model.size()) + " inputs, the signature has " +
                    std::to_string(wanted.size()) + ": " + both("inputs", names, wanted));
  const bool by_name = found.has_value();
  NameMatching matching{found ? *std::move(found) : in_order(wanted.size()), by_name};
  for (std::size_t i = 0; i < model.size(); ++i) {
    if (model[i].has_default || std::count(matching.places.begin(), matching.places.end(), i) > 0) continue;
    return mismatch("the model needs the input '" + (names[i].empty() ? std::to_string(i) : names[i]) +
                    "', which the signature lacks: " + both("inputs", names, wanted));
  }
  return matching;
}

Result<NameMatching> match_outputs(const std::vector<std::string>& model, const std::vector<TensorSpec>& signature) {
  const Names wanted = names_of(signature);
  GANTRY_ASSIGN_OR_RETURN(auto found, find_names("outputs", model, wanted));
  if (found) return NameMatching{*std::move(found), true};
  if (model.size() == wanted.size()) return NameMatching{in_order(wanted.size()), false};
  return mismatch("the model gives " + std::to_string(model.size()) + " tensors, the signature has " +
                  std::to_string(wanted.size()) + " outputs: " + both("outputs", model, wanted));
}

std::string describe_matching(bool inputs_by_name, bool outputs_by_name) {
  const auto by = [](bool name) { return name ? "by name" : "by position"; };
  return std::string("inputs ") + by(inputs_by_name) + ", outputs " + by(outputs_by_name);
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
