// SPDX-License-Identifier: Apache-2.0
// Reading models{} of gantry.json.
#include "package/model_entry.hpp"

#include <algorithm>
#include <utility>

#include "core/return_if_error.hpp"
#include "model/padding.hpp"
#include "package/json_items.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kMaxEngines = 8;

Result<Dim> read_dim(const Json& json, const std::string& path) {
  Dim dim;
  if (json.is_string()) {
    dim.symbol = json.get<std::string>();
    if (!dim.symbol.empty()) return dim;
  } else if (json.is_number_integer()) {
    dim.extent = json.get<std::int64_t>();
    if (dim.extent >= 1) return dim;
  }
  return json_error(path, "expected an integer from 1 or a symbol, got " + describe(json));
}

Result<void> read_spec(const Json& json, const std::string& path, std::vector<TensorSpec>& specs) {
  JsonObject object(json, path);
  TensorSpec spec;
  spec.name = object.string("name");
  const std::string dtype = object.string("dtype");
  const Json* shape = object.list("shape", true);
  GANTRY_RETURN_IF_ERROR(object.finish());
  auto parsed = parse_dtype(dtype);
  if (!parsed) return json_error(object.path_of("dtype"), parsed.error().message());
  spec.dtype = *parsed;
  auto ok =
      for_each_item(*shape, object.path_of("shape"), [&](const Json& item, const std::string& at) -> Result<void> {
        GANTRY_ASSIGN_OR_RETURN(auto dim, read_dim(item, at));
        spec.dims.push_back(std::move(dim));
        return {};
      });
  if (ok) specs.push_back(std::move(spec));
  return ok;
}

Result<void> read_signature(const Json& inputs, const Json& outputs, const std::string& path, ModelEntry& model) {
  std::vector<TensorSpec> specs[2];
  for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
    GANTRY_RETURN_IF_ERROR(
        for_each_item(side == 0 ? inputs : outputs, path + (side == 0 ? ".inputs" : ".outputs"),
                      [&](const Json& item, const std::string& at) { return read_spec(item, at, specs[side]); }));
  }
  auto signature = Signature::make(std::move(specs[0]), std::move(specs[1]));
  if (!signature) return json_error(path + ": inputs, outputs", signature.error().message());
  model.signature = *std::move(signature);
  return {};
}

/// Checks only the types; PaddingPlan checks the values.
Result<void> read_padding(const Json& json, const std::string& path, ModelEntry& model) {
  JsonObject object(json, path);
  Padding padding;
  padding.dim = object.string("dim");
  const Json* lengths = object.list("lengths", false);
  const Json* values = object.find("values");
  GANTRY_RETURN_IF_ERROR(object.finish());
  if (lengths) {
    if (lengths->empty())
      return json_error(path + ".lengths", "needs a length; without the key there are default ones");
    GANTRY_RETURN_IF_ERROR(
        for_each_item(*lengths, path + ".lengths", [&](const Json& item, const std::string& at) -> Result<void> {
          if (!item.is_number_integer()) return json_error(at, "expected an integer, got " + describe(item));
          padding.lengths.push_back(item.get<std::int64_t>());
          return {};
        }));
  }
  if (values && !values->is_object())
    return json_error(path + ".values", "expected an object, got " + describe(*values));
  if (values)
    for (const auto& item : values->items()) {
      if (!item.value().is_number())
        return json_error(path + ".values." + item.key(), "expected a number, got " + describe(item.value()));
      padding.values[item.key()] = item.value().get<double>();
    }
  auto plan = PaddingPlan::make(padding, model.signature);
  if (!plan) return Error(ErrorCode::kInvalidArgument, path + "." + plan.error().message());
  model.padding = std::move(padding);
  return {};
}

Result<void> read_engines(const Json& list, const std::string& path, ModelEntry& model) {
  if (list.empty() || list.size() > kMaxEngines)
    return json_error(path, "needs 1.." + std::to_string(kMaxEngines) + " engines, got " + std::to_string(list.size()));
  return for_each_item(list, path, [&](const Json& item, const std::string& at) -> Result<void> {
    GANTRY_ASSIGN_OR_RETURN(auto entry, parse_engine_entry(item, at));
    model.engines.push_back(std::move(entry));
    return {};
  });
}

}  // namespace

std::string ModelEntry::title_of(const EngineEntry& engine) const {
  const auto is_alike = [&](const EngineEntry& other) { return other.kind == engine.kind; };
  const bool is_alone = std::count_if(engines.begin(), engines.end(), is_alike) == 1;
  if (is_alone) return engine.kind;
  const auto shares_files = [&](const EngineEntry& other) {
    return is_alike(other) && other.file_names() == engine.file_names();
  };
  const bool has_own_files = std::count_if(engines.begin(), engines.end(), shares_files) == 1;
  const std::string place = has_own_files ? "" : ", " + engine.path.substr(engine.path.rfind('.') + 1);
  return engine.kind + " (" + engine.file_names() + place + ")";
}

Result<ModelEntry> parse_model_entry(const std::string& name, const Json& json, const std::string& path) {
  JsonObject object(json, path);
  ModelEntry model;
  model.name = name;
  model.max_batch = static_cast<int>(object.integer("max_batch", 1, kMaxBatch, 16));
  const Json* engines = object.list("engines", true);
  const Json* inputs = object.list("inputs", true);
  const Json* outputs = object.list("outputs", true);
  const Json* padding = object.find("padding");
  GANTRY_RETURN_IF_ERROR(object.finish());
  auto ok = read_engines(*engines, object.path_of("engines"), model);
  if (ok) ok = read_signature(*inputs, *outputs, path, model);
  if (ok && padding) ok = read_padding(*padding, object.path_of("padding"), model);
  GANTRY_RETURN_IF_ERROR(ok);
  return model;
}

}  // namespace gantry::inline GANTRY_ABI::detail
