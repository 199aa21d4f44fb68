// SPDX-License-Identifier: Apache-2.0
// Settings: the table of all settings. The TOML file, the environment, the flags and --print-config are read from it,
// so that a setting is in all of them.
#pragma once

#include <cstdint>
#include <functional>
#include <gantry/result.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server_config.hpp"

namespace gantry_server {

using SettingValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;

struct Setting {
  std::string key;   ///< "http.max_body_bytes": table and key in TOML
  std::string help;  ///< meaning and unit
  std::function<SettingValue(const ServerConfig&)> get;
  /// invalid_argument: "expected ..., got ...", without the key.
  std::function<gantry::Result<void>(ServerConfig&, const SettingValue&)> set;
};

/// Every setting but those of the table [runtime], which are the fields of gantry::RuntimeOptions.
const std::vector<Setting>& settings();
const Setting* find_setting(std::string_view key);
/// " (did you mean 'http.port'?)", or empty if no key is near.
std::string nearest_setting(std::string_view key);
/// Whether the settings go together. invalid_argument names them.
gantry::Result<void> check_settings(const ServerConfig& config);
/// Reads a flag's or variable's text: true, false, a number, or text; lists are separated by commas.
gantry::Result<void> set_from_text(const Setting& setting, ServerConfig& config, const std::string& text);
/// "GANTRY_SERVER_HTTP_MAX_BODY_BYTES".
std::string variable_of(const Setting& setting);

}  // namespace gantry_server
