// SPDX-License-Identifier: Apache-2.0
// read_config: the TOML file; print_config: the settings in use, as such a file.
#pragma once

#include <gantry/result.hpp>
#include <string>

#include "server_config.hpp"

namespace gantry_server {

/// Changes the settings that the file names. invalid_argument: "server.toml:12: http.listen: expected ..., got ...";
/// for a key that does not exist, with the nearest one that does. The table [runtime] is gantry::RuntimeOptions.
gantry::Result<void> read_config(const std::string& path, ServerConfig& config);

std::string print_config(const ServerConfig& config);

}  // namespace gantry_server
