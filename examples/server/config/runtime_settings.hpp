// SPDX-License-Identifier: Apache-2.0
// The settings "runtime.*": the fields of gantry::RuntimeOptions, which checks them.
#pragma once

#include <gantry/result.hpp>
#include <string>

#include "server_config.hpp"

namespace gantry_server {

/// Replaces them all. `table`: TOML, "[runtime]" and the fields. The error begins with the field's path,
/// "runtime.workers: expected ...".
gantry::Result<void> set_runtime(ServerConfig& config, const std::string& table);

/// Sets one, over what the file says. `field`: "workers" or "tenant_weights.gold". `text`: a value as TOML has it, or
/// text without quotes.
gantry::Result<void> set_runtime_field(ServerConfig& config, const std::string& field, const std::string& text);

/// Sets those that the environment has: GANTRY_SERVER_RUNTIME_WORKERS. The error names the variable.
gantry::Result<void> set_runtime_by_environment(ServerConfig& config);

}  // namespace gantry_server
