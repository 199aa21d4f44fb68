// SPDX-License-Identifier: Apache-2.0
// Sets options, and reads them strictly.
#include <cmath>
#include <gantry/engine_options.hpp>

#include "core/json_object.hpp"
#include "core/number_text.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

std::string known_names(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return text.empty() ? "it has no options" : "known are " + text;
}

Result<OptionValue> read_list(const JsonView& json) {
  GANTRY_ASSIGN_OR_RETURN(auto items, json.items());
  OptionValue::List list;
  for (const JsonView& item : items) {
    auto value = OptionValue::from_json(item);
    if (!value) return value;
    list.push_back(*std::move(value));
  }
  return OptionValue(std::move(list));
}

Result<OptionValue::Object> read_object(const JsonView& json) {
  GANTRY_ASSIGN_OR_RETURN(auto members, json.members());
  OptionValue::Object object;
  for (const JsonMember& member : members) {
    GANTRY_ASSIGN_OR_RETURN(auto value, OptionValue::from_json(member.value));
    object.emplace(member.key, std::move(value));
  }
  return object;
}

/// A number too large for a 64-bit integer is refused, since it would lose digits.
Result<OptionValue> read_number(const JsonView& json) {
  GANTRY_ASSIGN_OR_RETURN(auto number, json.number());
  const bool has_fraction = json.to_string().find_first_of(".eE") != std::string::npos;
  if (has_fraction) return OptionValue(number);
  return json.error("expected an integer of 64 bits, got " + json.describe());
}

}  // namespace

std::string OptionValue::describe() const {
  if (const auto* flag = std::get_if<bool>(&value_)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&value_)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&value_)) return detail::to_text(*number, 17);
  if (const auto* text = std::get_if<std::string>(&value_)) return "\"" + *text + "\"";
  return std::holds_alternative<List>(value_) ? "a list" : "an object";
}

Result<OptionValue> OptionValue::from_json(const JsonView& json) {
  switch (json.kind()) {
    case JsonKind::kBool: {
      auto flag = json.boolean();
      return flag ? Result<OptionValue>(*flag) : std::move(flag).error();
    }
    case JsonKind::kInteger: {
      auto integer = json.integer();
      return integer ? Result<OptionValue>(*integer) : std::move(integer).error();
    }
    case JsonKind::kNumber:
      return read_number(json);
    case JsonKind::kString: {
      auto text = json.string();
      return text ? Result<OptionValue>(*std::move(text)) : std::move(text).error();
    }
    case JsonKind::kList:
      return read_list(json);
    case JsonKind::kObject: {
      auto object = read_object(json);
      return object ? Result<OptionValue>(*std::move(object)) : std::move(object).error();
    }
    case JsonKind::kNull:
      break;
  }
  return json.error("expected true, false, a number, a string, a list or an object, got null");
}

EngineOptions& EngineOptions::set(std::string name, OptionValue value) {
  values_.insert_or_assign(std::move(name), std::move(value));
  return *this;
}

const OptionValue* EngineOptions::find(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

EngineOptions EngineOptions::with(const EngineOptions& over) const {
  EngineOptions all = *this;
  for (const auto& [name, value] : over.values_) all.set(name, value);
  return all;
}

Result<EngineOptions> EngineOptions::from_json(const JsonView& json) {
  GANTRY_ASSIGN_OR_RETURN(auto object, read_object(json));
  EngineOptions options;
  options.values_ = std::move(object);
  return options;
}

const OptionValue* OptionReader::find(const std::string& name) {
  known_.insert(name);
  return ok() ? options_.find(name) : nullptr;
}

template <class T>
const T* OptionReader::expect(const std::string& name, const OptionValue* found, const char* expected) {
  if (found == nullptr) return nullptr;
  const T* const value = std::get_if<T>(&found->value());
  if (value == nullptr) fail(name, std::string("expected ") + expected + ", got " + found->describe());
  return value;
}

bool OptionReader::boolean(const std::string& name, bool fallback) {
  const bool* const value = expect<bool>(name, find(name), "true or false");
  return value ? *value : fallback;
}

std::int64_t OptionReader::integer(const std::string& name, std::int64_t low, std::int64_t high,
                                   std::int64_t fallback) {
  const OptionValue* const found = find(name);
  if (found == nullptr) return fallback;
  std::optional<std::int64_t> value;
  if (const auto* number = std::get_if<double>(&found->value())) value = detail::exact_integer(*number);
  if (!value)
    if (const auto* integer = expect<std::int64_t>(name, found, "an integer")) value = *integer;
  if (!value || (*value >= low && *value <= high)) return value.value_or(fallback);
  fail(name, "must be " + std::to_string(low) + ".." + std::to_string(high) + ", got " + std::to_string(*value));
  return fallback;
}

double OptionReader::number(const std::string& name, double fallback) {
  const OptionValue* const found = find(name);
  if (found && std::holds_alternative<std::int64_t>(found->value()))
    return static_cast<double>(std::get<std::int64_t>(found->value()));
  const double* const value = expect<double>(name, found, "a number");
  return value ? *value : fallback;
}

std::string OptionReader::text(const std::string& name, const std::string& fallback) {
  const std::string* const value = expect<std::string>(name, find(name), "a string");
  return value ? *value : fallback;
}

std::vector<std::string> OptionReader::texts(const std::string& name) {
  const auto* const list = expect<OptionValue::List>(name, find(name), "a list of strings");
  if (list == nullptr) return {};
  std::vector<std::string> texts;
  for (const OptionValue& item : *list) {
    const std::string* const text = std::get_if<std::string>(&item.value());
    if (text == nullptr) {
      fail(name, "item " + std::to_string(texts.size()) + ": expected a string, got " + item.describe());
      return {};
    }
    texts.push_back(*text);
  }
  return texts;
}

OptionValue::Object OptionReader::object(const std::string& name) {
  const auto* const object = expect<OptionValue::Object>(name, find(name), "an object");
  return object ? *object : OptionValue::Object();
}

void OptionReader::fail(const std::string& name, const std::string& message) {
  if (!mistake_) mistake_ = Error(ErrorCode::kInvalidArgument, "option '" + name + "': " + message);
}

Result<void> OptionReader::finish() {
  if (mistake_) return *mistake_;
  for (const auto& [name, value] : options_.values())
    if (known_.count(name) == 0)
      return Error(ErrorCode::kInvalidArgument, "unknown option '" + name + "'; " + known_names(known_));
  return {};
}

}  // namespace gantry::inline GANTRY_ABI
