// SPDX-License-Identifier: Apache-2.0
#include "package/golden_value.hpp"

#include "core/json_access.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using Form = GoldenValue::Form;

/// For what should have one key: "an object with the keys "npy", "tolerance""; for anything else as describe().
std::string describe_keys(const Json& json) {
  constexpr std::size_t kMost = 4;
  if (!json.is_object()) return describe(json);
  if (json.empty()) return "an object without keys";
  std::string keys;
  std::size_t count = 0;
  for (const auto& item : json.items()) {
    if (count++ == kMost) break;
    keys += (keys.empty() ? "" : ", ") + describe(Json(item.key()));
  }
  if (json.size() > kMost) keys += " and " + std::to_string(json.size() - kMost) + " more";
  return "an object with the key" + std::string(json.size() > 1 ? "s " : " ") + keys;
}

/// Parses a file name, {"digest": ...} or {"sample": ...}.
Result<GoldenTensor> parse_tensor(const Json& json, const std::string& path) {
  if (json.is_string()) {
    GoldenTensor whole;
    whole.file = json.get<std::string>();
    return whole;
  }
  if (!json.is_object() || json.size() != 1)
    return json_error(path,
                      "expected a .npy file, or an object with the key digest or sample, got " + describe_keys(json));
  JsonObject object(json, path);
  if (const Json* digest = object.find("digest")) return parse_golden_digest(*digest, object.path_of("digest"));
  if (const Json* sample = object.find("sample")) return parse_golden_sample(*sample, object.path_of("sample"));
  return object.finish().error();
}

Result<GoldenValue> parse_tensors(const Json& names, const std::string& path) {
  GoldenValue value;
  value.form = Form::kTensors;
  if (!names.is_object()) return json_error(path, "expected an object of .npy files, got " + describe(names));
  for (const auto& item : names.items()) {
    GANTRY_ASSIGN_OR_RETURN(auto tensor, parse_tensor(item.value(), path + "." + item.key()));
    value.tensors.emplace_back(item.key(), std::move(tensor));
  }
  return value;
}

Result<GoldenValue> parse_items(const Json& list, Form form, const std::string& path) {
  if (!list.is_array()) return json_error(path, "expected a list, got " + describe(list));
  GoldenValue value;
  value.form = form;
  for (std::size_t i = 0; i < list.size(); ++i) {
    GANTRY_ASSIGN_OR_RETURN(auto item, parse_golden_value(list[i], path + "[" + std::to_string(i) + "]"));
    value.items.push_back(std::move(item));
  }
  return value;
}

Result<GoldenValue> parse_file(JsonObject& object, const char* key) {
  GoldenValue value;
  const std::string file = object.string(key);
  GANTRY_RETURN_IF_ERROR(object.finish());
  value.form = object.has("file") ? Form::kFile : Form::kTensor;
  (value.form == Form::kFile ? value.file : value.tensor.file) = file;
  return value;
}

}  // namespace

std::string GoldenValue::description() const {
  switch (form) {
    case Form::kFile:
      return "a file";
    case Form::kTensor:
      return "an array";
    case Form::kTensors:
      return "tensors";
    case Form::kList:
      return "a list";
    case Form::kTuple:
      return "a tuple";
    case Form::kJson:
      break;
  }
  const auto members = json.members();
  return members && !members->empty() ? "'" + members->front().key + "'" : "nothing";
}

Result<GoldenValue> parse_golden_value(const Json& json, const std::string& path) {
  if (!json.is_object() || json.size() != 1)
    return json_error(path,
                      "expected an object with one of the keys digest, file, list, npy, sample, tensors, tuple, or the "
                      "name of a codec, got " +
                          describe_keys(json));
  JsonObject object(json, path);
  if (object.has("file")) return parse_file(object, "file");
  if (object.has("npy")) return parse_file(object, "npy");
  if (const Json* tensors = object.find("tensors")) return parse_tensors(*tensors, object.path_of("tensors"));
  if (const Json* list = object.find("list")) return parse_items(*list, Form::kList, object.path_of("list"));
  if (const Json* tuple = object.find("tuple")) return parse_items(*tuple, Form::kTuple, object.path_of("tuple"));
  GoldenValue value;
  if (object.has("digest") || object.has("sample")) {
    GANTRY_ASSIGN_OR_RETURN(auto tensor, parse_tensor(json, path));
    value.form = Form::kTensor;
    value.tensor = std::move(tensor);
    return value;
  }
  value.form = Form::kJson;
  value.json = JsonAccess::own(json, path);
  return value;
}

}  // namespace gantry::inline GANTRY_ABI::detail
