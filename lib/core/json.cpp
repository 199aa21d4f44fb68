// SPDX-License-Identifier: Apache-2.0
// JsonView and JsonFields on nlohmann's JSON.
#include <gantry/json.hpp>

#include "core/json_access.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::Json;
using detail::JsonAccess;

const Json& value_of(const JsonView& view) {
  return JsonAccess::value_of(view);
}

std::string item_path(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

Error expected(const JsonView& view, const std::string& what) {
  return view.error("expected " + what + ", got " + view.describe());
}

/// Reads a list; `read` returns an optional for each item. `one` and `all`: names of an item and of the list in
/// messages.
template <class T, class Read>
Result<std::vector<T>> read_list(const JsonView& view, const char* one, const char* all, Read read) {
  const Json& list = value_of(view);
  if (!list.is_array()) return expected(view, all);
  std::vector<T> values;
  values.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::optional<T> value = read(list[i]);
    if (!value) return expected(JsonAccess::part(view, list[i], item_path(view.path(), i)), one);
    values.push_back(*value);
  }
  return values;
}

}  // namespace

Result<JsonView> JsonView::parse(std::string_view text, std::string path) {
  GANTRY_ASSIGN_OR_RETURN(auto parsed, detail::parse_json(text, path.empty() ? "JSON" : path));
  return JsonAccess::own(std::move(parsed), std::move(path));
}

JsonKind JsonView::kind() const noexcept {
  const Json& value = value_of(*this);
  if (value.is_boolean()) return JsonKind::kBool;
  if (value.is_string()) return JsonKind::kString;
  if (value.is_array()) return JsonKind::kList;
  if (value.is_object()) return JsonKind::kObject;
  if (!value.is_number()) return JsonKind::kNull;
  return value.is_number_integer() && detail::as_integer(value) ? JsonKind::kInteger : JsonKind::kNumber;
}

Result<bool> JsonView::boolean() const {
  const Json& value = value_of(*this);
  if (!value.is_boolean()) return expected(*this, "true or false");
  return value.get<bool>();
}

Result<std::int64_t> JsonView::integer() const {
  const auto value = detail::as_integer(value_of(*this));
  if (!value) return expected(*this, "an integer");
  return *value;
}

Result<double> JsonView::number() const {
  const Json& value = value_of(*this);
  if (!value.is_number()) return expected(*this, "a number");
  return value.get<double>();
}

Result<std::string> JsonView::string() const {
  const Json& value = value_of(*this);
  if (!value.is_string()) return expected(*this, "a string");
  return value.get<std::string>();
}

Result<std::vector<double>> JsonView::numbers() const {
  return read_list<double>(*this, "a number", "a list of numbers", [](const Json& value) {
    return value.is_number() ? std::optional<double>(value.get<double>()) : std::nullopt;
  });
}

Result<std::vector<std::int64_t>> JsonView::integers() const {
  return read_list<std::int64_t>(*this, "an integer", "a list of integers", detail::as_integer);
}

std::size_t JsonView::size() const noexcept {
  const Json& value = value_of(*this);
  return value.is_structured() ? value.size() : 0;
}

Result<std::vector<JsonView>> JsonView::items() const {
  const Json& list = value_of(*this);
  if (!list.is_array()) return expected(*this, "a list");
  std::vector<JsonView> views;
  views.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) views.push_back(JsonAccess::part(*this, list[i], item_path(path_, i)));
  return views;
}

Result<std::vector<JsonMember>> JsonView::members() const {
  const Json& object = value_of(*this);
  if (!object.is_object()) return expected(*this, "an object");
  std::vector<JsonMember> members;
  members.reserve(object.size());
  for (const auto& [key, value] : object.items())
    members.push_back({key, JsonAccess::part(*this, value, path_.empty() ? key : path_ + "." + key)});
  return members;
}

std::optional<JsonView> JsonView::find(std::string_view key) const {
  const Json& object = value_of(*this);
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  return JsonAccess::part(*this, *found, path_.empty() ? std::string(key) : path_ + "." + std::string(key));
}

Error JsonView::error(const std::string& message) const {
  return detail::json_error(path_, message);
}

std::string JsonView::describe() const {
  return detail::describe(value_of(*this));
}

std::string JsonView::to_string() const {
  return value_of(*this).dump(-1, ' ', false, Json::error_handler_t::replace);
}

JsonFields::JsonFields(JsonView value)
    : value_(std::move(value)), object_(std::make_unique<detail::JsonObject>(value_of(value_), value_.path())) {}
JsonFields::JsonFields(JsonFields&&) noexcept = default;
JsonFields& JsonFields::operator=(JsonFields&&) noexcept = default;
JsonFields::~JsonFields() = default;

bool JsonFields::has(const char* key) const {
  return object_->has(key);
}
std::int64_t JsonFields::integer(const char* key, std::optional<std::int64_t> fallback) {
  return object_->integer(key, fallback);
}
double JsonFields::number(const char* key, std::optional<double> fallback) {
  return object_->number(key, fallback);
}
bool JsonFields::boolean(const char* key, std::optional<bool> fallback) {
  return object_->boolean(key, fallback);
}
std::string JsonFields::string(const char* key, std::optional<std::string> fallback) {
  return object_->string(key, std::move(fallback));
}
std::vector<double> JsonFields::numbers(const char* key, std::optional<std::vector<double>> fallback) {
  return object_->numbers(key, std::move(fallback));
}
std::size_t JsonFields::choice(const char* key, std::initializer_list<const char*> names,
                               std::optional<std::size_t> fallback) {
  return object_->choice(key, names, fallback);
}
std::optional<JsonView> JsonFields::find(const char* key) {
  const Json* value = object_->find(key);
  if (value == nullptr) return std::nullopt;
  return JsonAccess::part(value_, *value, object_->path_of(key));
}
JsonView JsonFields::require(const char* key) {
  const Json* value = object_->require(key);
  return value == nullptr ? JsonView() : JsonAccess::part(value_, *value, object_->path_of(key));
}
void JsonFields::fail(const char* key, const std::string& message) {
  object_->fail(key, message);
}
bool JsonFields::ok() const {
  return object_->ok();
}
Result<void> JsonFields::finish() {
  return object_->finish();
}

}  // namespace gantry::inline GANTRY_ABI
