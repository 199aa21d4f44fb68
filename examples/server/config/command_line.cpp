// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"

#include <cstdlib>
#include <map>
#include <string_view>
#include <utility>

#include "read_config.hpp"
#include "runtime_settings.hpp"
#include "settings.hpp"
#include "trace/read_environment.hpp"

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;

const std::map<std::string, Command>& commands() {
  static const std::map<std::string, Command> all{{"help", Command::kHelp},
                                                  {"version", Command::kVersion},
                                                  {"check-config", Command::kCheckConfig},
                                                  {"print-config", Command::kPrintConfig},
                                                  {"healthcheck", Command::kHealthcheck}};
  return all;
}

constexpr std::string_view kRuntime = "runtime.";

struct Flag {
  std::string name;
  std::string value;
};

gantry::Result<void> set_flag(const Flag& flag, ServerConfig& config) {
  if (const Setting* setting = find_setting(flag.name)) return set_from_text(*setting, config, flag.value);
  return set_runtime_field(config, flag.name.substr(kRuntime.size()), flag.value);
}

}  // namespace

gantry::Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments) {
  CommandLine line;
  std::string file;
  std::vector<Flag> flags;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.rfind("--", 0) != 0)
      return Error(ErrorCode::kInvalidArgument, "unexpected argument '" + argument + "'; see --help");
    const auto equals = argument.find('=');
    const std::string name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    if (const auto command = commands().find(name); command != commands().end() && equals == std::string::npos) {
      line.command = command->second;
      continue;
    }
    const bool is_setting = find_setting(name) != nullptr || name.rfind(kRuntime, 0) == 0;
    if (!is_setting && name != "config")
      return Error(ErrorCode::kInvalidArgument, "unknown flag '--" + name + "'" + nearest_setting(name));
    std::string value;
    if (equals != std::string::npos)
      value = argument.substr(equals + 1);
    else if (i + 1 < arguments.size())
      value = arguments[++i];
    else
      return Error(ErrorCode::kInvalidArgument, "--" + name + " needs a value");
    if (is_setting)
      flags.push_back({name, std::move(value)});
    else
      file = std::move(value);
  }
  if (file.empty())
    if (const char* variable = std::getenv("GANTRY_SERVER_CONFIG")) file = variable;
  read_trace_environment(line.config.trace);
  if (!file.empty())
    if (auto ok = read_config(file, line.config); !ok) return ok.error();
  for (const Setting& setting : settings())
    if (const char* text = std::getenv(variable_of(setting).c_str()))
      if (auto ok = set_from_text(setting, line.config, text); !ok)
        return Error(ErrorCode::kInvalidArgument, variable_of(setting) + ": " + ok.error().message());
  if (auto ok = set_runtime_by_environment(line.config); !ok) return ok.error();
  for (const Flag& flag : flags)
    if (auto ok = set_flag(flag, line.config); !ok)
      return Error(ErrorCode::kInvalidArgument, "--" + flag.name + ": " + ok.error().message());
  if (auto ok = check_settings(line.config); !ok) return ok.error();
  return line;
}

std::string help_text() {
  std::string text =
      "gantry-server: serves the packages of a directory over HTTP, as Open Inference Protocol v2.\n\n"
      "  gantry-server --models.directory DIR [--config FILE.toml] [--SETTING VALUE]...\n\n"
      "  --check-config   reads the configuration, and says what is wrong with it\n"
      "  --print-config   prints the settings in use, as a TOML file\n"
      "  --healthcheck    asks the server at http.listen whether it is ready: exit status 0, or 1\n"
      "  --version, --help\n\nSettings (in a file: [table] key = value; in the environment: "
      "GANTRY_SERVER_TABLE_KEY):\n";
  for (const Setting& setting : settings())
    text += "  --" + setting.key + std::string(setting.key.size() < 30 ? 30 - setting.key.size() : 1, ' ') +
            setting.help + "\n";
  return text + "  --runtime.FIELD               a field of gantry::RuntimeOptions, such as workers\n";
}

}  // namespace gantry_server
