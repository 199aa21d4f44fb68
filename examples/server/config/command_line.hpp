// SPDX-License-Identifier: Apache-2.0
// CommandLine: the flags of gantry-server, and the configuration that file, environment and flags give together.
#pragma once

#include <gantry/result.hpp>
#include <string>
#include <vector>

#include "server_config.hpp"

namespace gantry_server {

enum class Command { kServe, kHelp, kVersion, kCheckConfig, kPrintConfig, kHealthcheck };

struct CommandLine {
  Command command = Command::kServe;
  ServerConfig config;
};

/// Reads OTEL_... variables, the file of --config, then the environment (GANTRY_SERVER_HTTP_LISTEN), then flags
/// (--http.listen). invalid_argument names the flag or variable.
gantry::Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments);
std::string help_text();

}  // namespace gantry_server
