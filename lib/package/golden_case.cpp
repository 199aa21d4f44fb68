// SPDX-License-Identifier: Apache-2.0
// Reading golden[] of gantry.json.
#include "package/golden_case.hpp"

#include <cmath>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

std::string item_path(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

Result<Tolerance> parse_tolerance(const Json& value, const std::string& path) {
  if (value.is_string() && value.get_ref<const std::string&>() == "exact") return Tolerance();
  if (!value.is_object())
    return json_error(path, "expected \"exact\" or {\"atol\": a, \"rtol\": r}, got " + describe(value));
  JsonObject object(value, path);
  Tolerance tolerance{false, object.number("atol", 0.0), object.number("rtol", 0.0)};
  GANTRY_RETURN_IF_ERROR(object.finish());
  for (const double bound : {tolerance.atol, tolerance.rtol})
    if (!std::isfinite(bound) || bound < 0) return json_error(path, "tolerances are finite and not negative");
  return tolerance;
}

template <class T, class Parse>
Result<std::vector<T>> parse_items(const Json& list, const std::string& path, Parse parse) {
  if (!list.is_array()) return json_error(path, "expected a list, got " + describe(list));
  std::vector<T> items;
  for (std::size_t i = 0; i < list.size(); ++i) {
    GANTRY_ASSIGN_OR_RETURN(T item, parse(list[i], item_path(path, i)));
    items.push_back(std::move(item));
  }
  return items;
}

/// A digest cannot show how far off a value is, so its tolerance must be exact.
Result<void> refuse_inexact_digests(const GoldenBoundary& boundary, const std::string& path) {
  if (boundary.tolerance.is_exact) return {};
  return boundary.value.for_each_tensor(path, [&](const GoldenTensor& tensor, const std::string& at) -> Result<void> {
    if (tensor.form != GoldenTensor::Form::kDigest) return {};
    return json_error(at, "a digest can only be compared exactly, the tolerance is " + boundary.tolerance.to_string());
  });
}

/// An input must have all its values.
Result<void> refuse_parts(const GoldenValue& input, const std::string& path) {
  return input.for_each_tensor(path, [](const GoldenTensor& tensor, const std::string& at) -> Result<void> {
    if (tensor.form == GoldenTensor::Form::kWhole) return {};
    return json_error(at, "an input needs all its values, not a digest or a sample of them");
  });
}

Result<GoldenBoundary> parse_boundary(const Json& json, const std::string& path, bool has_place) {
  JsonObject object(json, path);
  GoldenBoundary boundary;
  if (has_place) boundary.at = object.string("at");
  const Json* value = object.require("value");
  const Json* tolerance = object.require("tolerance");
  GANTRY_RETURN_IF_ERROR(object.finish());
  GANTRY_ASSIGN_OR_RETURN(auto parsed_value, parse_golden_value(*value, object.path_of("value")));
  GANTRY_ASSIGN_OR_RETURN(auto parsed_tolerance, parse_tolerance(*tolerance, object.path_of("tolerance")));
  boundary.value = std::move(parsed_value);
  boundary.tolerance = parsed_tolerance;
  GANTRY_RETURN_IF_ERROR(refuse_inexact_digests(boundary, object.path_of("value")));
  return boundary;
}

Result<GoldenValue> parse_input(const Json& json, const std::string& path) {
  auto input = parse_golden_value(json, path);
  if (!input) return input;
  GANTRY_RETURN_IF_ERROR(refuse_parts(*input, path));
  return input;
}

/// Parses {"image": value, "threshold": value}.
Result<std::vector<GoldenValue>> parse_inputs(const Json& json, const std::string& path,
                                              const std::vector<std::string>& names) {
  JsonObject object(json, path);
  std::vector<GoldenValue> inputs;
  for (const std::string& name : names) object.require(name.c_str());
  GANTRY_RETURN_IF_ERROR(object.finish());
  for (const std::string& name : names) {
    GANTRY_ASSIGN_OR_RETURN(auto input, parse_input(json[name], object.path_of(name)));
    inputs.push_back(std::move(input));
  }
  return inputs;
}

}  // namespace

Result<GoldenCase> parse_golden_case(const Json& json, const std::string& path,
                                     const std::vector<std::string>& inputs) {
  JsonObject object(json, path);
  const Json* input = inputs.empty() ? object.require("input") : object.require("inputs");
  const Json* stages = object.list("stages", false);
  const Json* result = object.require("result");
  GANTRY_RETURN_IF_ERROR(object.finish());

  GoldenCase golden;
  if (inputs.empty()) {
    GANTRY_ASSIGN_OR_RETURN(auto parsed_input, parse_input(*input, object.path_of("input")));
    golden.inputs.push_back(std::move(parsed_input));
  } else {
    GANTRY_ASSIGN_OR_RETURN(golden.inputs, parse_inputs(*input, object.path_of("inputs"), inputs));
  }
  if (stages) {
    const auto parse = [](const Json& item, const std::string& where) { return parse_boundary(item, where, true); };
    GANTRY_ASSIGN_OR_RETURN(golden.stages, parse_items<GoldenBoundary>(*stages, object.path_of("stages"), parse));
  }
  GANTRY_ASSIGN_OR_RETURN(golden.result, parse_boundary(*result, object.path_of("result"), false));
  return golden;
}

}  // namespace gantry::inline GANTRY_ABI::detail
