// SPDX-License-Identifier: Apache-2.0
#include "read_config.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "runtime_settings.hpp"
#include "settings.hpp"

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;
using gantry::Result;

Error at(const std::string& path, const toml::source_region& where, const std::string& message) {
  return Error(ErrorCode::kInvalidArgument, path + ":" + std::to_string(where.begin.line) + ": " + message);
}

Result<SettingValue> value_of(const toml::node& node) {
  if (const auto* flag = node.as_boolean()) return SettingValue(flag->get());
  if (const auto* number = node.as_integer()) return SettingValue(number->get());
  if (const auto* text = node.as_string()) return SettingValue(text->get());
  if (const auto* list = node.as_array()) {
    std::vector<std::string> items;
    for (const toml::node& item : *list) {
      const auto* text = item.as_string();
      if (text == nullptr) return Error(ErrorCode::kInvalidArgument, "expected a list of texts");
      items.push_back(text->get());
    }
    return SettingValue(std::move(items));
  }
  return Error(ErrorCode::kInvalidArgument, "expected true, false, a whole number, text, or a list of texts");
}

/// The node that the path of an error leads to, "runtime.tenant_weights.gold: expected ...", or the table.
const toml::node& node_of(const toml::table& file, const toml::node& table, const std::string& message) {
  const auto found = file.at_path(message.substr(0, message.find(": ")));
  return found ? *found.node() : table;
}

Result<void> read_runtime(const std::string& path, const toml::table& file, const toml::node& node,
                          ServerConfig& config) {
  const auto* table = node.as_table();
  if (table == nullptr) return at(path, node.source(), "runtime: expected a table");
  std::ostringstream text;
  text << toml::table{{"runtime", *table}};
  const auto set = set_runtime(config, text.str());
  if (!set) return at(path, node_of(file, node, set.error().message()).source(), set.error().message());
  return {};
}

Result<void> read_table(const std::string& path, const std::string& name, const toml::table& table,
                        ServerConfig& config) {
  for (const auto& [key, node] : table) {
    const std::string full = name + "." + std::string(key.str());
    const Setting* setting = find_setting(full);
    if (setting == nullptr) return at(path, node.source(), "unknown setting '" + full + "'" + nearest_setting(full));
    const auto value = value_of(node);
    const auto set = value ? setting->set(config, *value) : Result<void>(value.error());
    if (!set) return at(path, node.source(), full + ": " + set.error().message());
  }
  return {};
}

void print_text(std::string& out, const std::string& text) {
  std::ostringstream quoted;
  quoted << toml::value<std::string>(text);
  out += quoted.str();
}

std::string print_value(const SettingValue& value) {
  std::string out;
  if (const auto* flag = std::get_if<bool>(&value)) {
    out = *flag ? "true" : "false";
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    out = std::to_string(*number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    print_text(out, *text);
  } else {
    for (const std::string& item : std::get<std::vector<std::string>>(value)) {
      out += out.empty() ? "[" : ", ";
      print_text(out, item);
    }
    out += out.empty() ? "[]" : "]";
  }
  return out;
}

}  // namespace

Result<void> read_config(const std::string& path, ServerConfig& config) try {
  const toml::table file = toml::parse_file(path);
  for (const auto& [key, node] : file) {
    const std::string name(key.str());
    if (name == "runtime") {
      if (auto ok = read_runtime(path, file, node, config); !ok) return ok;
      continue;
    }
    const bool is_known = std::any_of(settings().begin(), settings().end(),
                                      [&](const Setting& one) { return one.key.rfind(name + ".", 0) == 0; });
    const auto* table = node.as_table();
    if (!is_known || table == nullptr)
      return at(path, node.source(), "unknown setting '" + name + "'" + nearest_setting(name));
    if (auto ok = read_table(path, name, *table, config); !ok) return ok;
  }
  return {};
} catch (const toml::parse_error& error) {
  return at(path, error.source(), std::string(error.description()));
}

std::string print_config(const ServerConfig& config) {
  std::string text, table;
  for (const Setting& setting : settings()) {
    const auto dot = setting.key.find('.');
    if (setting.key.substr(0, dot) != table) {
      table = setting.key.substr(0, dot);
      text += (text.empty() ? "[" : "\n[") + table + "]\n";
    }
    text += "# " + setting.help + "\n" + setting.key.substr(dot + 1) + " = " + print_value(setting.get(config)) + "\n";
  }
  return text + "\n# fields of gantry::RuntimeOptions\n" + config.runtime_toml;
}

}  // namespace gantry_server
