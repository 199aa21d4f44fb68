// SPDX-License-Identifier: Apache-2.0
// Reads the records of gantry-pack: strings in AOTInductor's metadata:
//   gantry_threads "1"   gantry_has_state "false"   gantry_mutates_inputs "false"
//   gantry_inputs  [{"name": "x", "dtype": "f32", "dims": [{"symbol": "batch", "min": 1, "max": 16}, {"size": 4}],
//                    "strides": null}]
//   gantry_outputs the same; null for an output that is None
#include "engine/torch/compiled_model.hpp"

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

using nlohmann::json;
using Metadata = std::map<std::string, std::string>;

std::optional<std::int64_t> read_integer(const json& object, const char* key) {
  const auto at = object.find(key);
  if (at == object.end() || !at->is_number_integer() || *at < 0) return std::nullopt;
  return at->get<std::int64_t>();
}

std::optional<CompiledDim> read_dim(const json& value) {
  if (!value.is_object()) return std::nullopt;
  CompiledDim dim;
  if (const auto size = read_integer(value, "size")) {
    dim.size = *size;
    return dim;
  }
  const auto symbol = value.find("symbol");
  if (symbol == value.end() || !symbol->is_string()) return std::nullopt;
  dim.symbol = symbol->get<std::string>();
  const auto min = read_integer(value, "min");
  if (dim.symbol.empty() || !min) return std::nullopt;
  dim.min = *min;
  const auto max = value.find("max");
  if (max == value.end() || max->is_null()) return dim;
  const auto bound = read_integer(value, "max");
  if (!bound) return std::nullopt;
  dim.max = *bound;
  return dim;
}

std::optional<CompiledTensor> read_tensor(const json& value) {
  if (!value.is_object() || !value.contains("name") || !value["name"].is_string() || !value.contains("dtype") ||
      !value["dtype"].is_string() || !value.contains("dims") || !value["dims"].is_array() || !value.contains("strides"))
    return std::nullopt;
  CompiledTensor tensor;
  tensor.name = value["name"].get<std::string>();
  const auto dtype = parse_dtype(value["dtype"].get<std::string>());
  if (!dtype) return std::nullopt;
  tensor.dtype = *dtype;
  for (const json& entry : value["dims"]) {
    auto dim = read_dim(entry);
    if (!dim) return std::nullopt;
    tensor.dims.push_back(*std::move(dim));
  }
  tensor.is_contiguous = value["strides"].is_null();
  return tensor;
}

/// False if it is damaged.
bool read_tensors(const std::string& text, bool may_be_none, std::vector<std::optional<CompiledTensor>>& tensors) {
  const json list = json::parse(text, nullptr, false);
  if (!list.is_array()) return false;
  for (const json& entry : list) {
    if (may_be_none && entry.is_null()) {
      tensors.push_back(std::nullopt);
      continue;
    }
    auto tensor = read_tensor(entry);
    if (!tensor) return false;
    tensors.push_back(*std::move(tensor));
  }
  return true;
}

std::optional<bool> read_bool(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

/// 1..4096; nullopt for anything else.
std::optional<int> read_threads(const std::string& text) {
  if (text.empty() || text.size() > 4 || text.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  const int threads = std::stoi(text);
  return threads >= 1 && threads <= 4096 ? std::optional(threads) : std::nullopt;
}

Error damaged(const std::string& key) {
  return Error(ErrorCode::kInvalidArgument,
               "what the package says that it was compiled for is damaged: '" + key + "'; pack it again");
}

}  // namespace

Result<std::optional<CompiledModel>> read_compiled_model(const Metadata& metadata) {
  for (const char* key :
       {"gantry_threads", "gantry_has_state", "gantry_mutates_inputs", "gantry_inputs", "gantry_outputs"})
    if (metadata.count(key) == 0) return std::optional<CompiledModel>();
  CompiledModel model;
  std::vector<std::optional<CompiledTensor>> inputs;
  if (!read_tensors(metadata.at("gantry_inputs"), false, inputs)) return damaged("gantry_inputs");
  for (auto& input : inputs) model.inputs.push_back(*std::move(input));
  if (!read_tensors(metadata.at("gantry_outputs"), true, model.outputs)) return damaged("gantry_outputs");
  const auto threads = read_threads(metadata.at("gantry_threads"));
  if (!threads) return damaged("gantry_threads");
  const auto has_state = read_bool(metadata.at("gantry_has_state"));
  if (!has_state) return damaged("gantry_has_state");
  const auto mutates_inputs = read_bool(metadata.at("gantry_mutates_inputs"));
  if (!mutates_inputs) return damaged("gantry_mutates_inputs");
  model.threads = *threads;
  model.has_state = *has_state;
  model.mutates_inputs = *mutates_inputs;
  return std::optional(std::move(model));
}

CallSpec call_spec_of(const CompiledModel& model) {
  CallSpec spec;
  for (const CompiledTensor& input : model.inputs) spec.inputs.push_back(input.name);
  for (const auto& output : model.outputs) spec.outputs.push_back(output ? std::optional(output->name) : std::nullopt);
  return spec;
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
