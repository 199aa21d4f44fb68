// SPDX-License-Identifier: Apache-2.0
#include "runtime_settings.hpp"

#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;
using gantry::Result;

Result<void> use_table(ServerConfig& config, const toml::table& fields) {
  std::ostringstream json;
  json << toml::json_formatter(fields);
  auto options = gantry::RuntimeOptions::parse(json.str());
  if (!options) return Error(options.error().code(), "runtime." + options.error().message());
  config.runtime = *std::move(options);
  std::ostringstream text;
  text << toml::table{{"runtime", fields}};
  config.runtime_toml = text.str() + "\n";
  return {};
}

toml::table fields_of(const std::string& text) {
  const toml::table file = toml::parse(text);
  const auto* fields = file["runtime"].as_table();
  return fields ? *fields : toml::table();
}

/// What `text` is as TOML's value; itself where it is none.
void put(toml::table& table, std::string_view key, const std::string& text) {
  try {
    toml::table parsed = toml::parse("value = " + text);
    if (parsed.size() == 1) return static_cast<void>(table.insert_or_assign(key, std::move(*parsed.get("value"))));
  } catch (const toml::parse_error&) {
    // not a value: text without quotes
  }
  table.insert_or_assign(key, text);
}

}  // namespace

Result<void> set_runtime(ServerConfig& config, const std::string& table) {
  return use_table(config, fields_of(table));
}

Result<void> set_runtime_field(ServerConfig& config, const std::string& field, const std::string& text) {
  toml::table fields = fields_of(config.runtime_toml);
  const auto dot = field.find('.');
  if (dot == std::string::npos) {
    put(fields, field, text);
  } else {
    auto* inner = fields.emplace<toml::table>(field.substr(0, dot)).first->second.as_table();
    if (inner == nullptr) return Error(ErrorCode::kInvalidArgument, "runtime." + field + ": unknown key");
    put(*inner, field.substr(dot + 1), text);
  }
  return use_table(config, fields);
}

Result<void> set_runtime_by_environment(ServerConfig& config) {
  constexpr std::string_view kPrefix = "GANTRY_SERVER_RUNTIME_";
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const auto equals = variable.find('=');
    if (equals == std::string_view::npos || variable.substr(0, kPrefix.size()) != kPrefix) continue;
    std::string field(variable.substr(kPrefix.size(), equals - kPrefix.size()));
    std::transform(field.begin(), field.end(), field.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (auto ok = set_runtime_field(config, field, std::string(variable.substr(equals + 1))); !ok)
      return Error(ok.error().code(), std::string(variable.substr(0, equals)) + ": " + ok.error().message());
  }
  return {};
}

}  // namespace gantry_server
