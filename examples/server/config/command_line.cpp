// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"

#include <cstdlib>
#include <map>
#include <utility>

#include "read_config.hpp"
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

struct Flag {
  const Setting* setting;
  std::string value;
};

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
    const Setting* setting = find_setting(name);
    if (setting == nullptr && name != "config")
      return Error(ErrorCode::kInvalidArgument, "unknown flag '--" + name + "'" + nearest_setting(name));
    std::string value;
    if (equals != std::string::npos)
      value = argument.substr(equals + 1);
    else if (i + 1 < arguments.size())
      value = arguments[++i];
    else
      return Error(ErrorCode::kInvalidArgument, "--" + name + " needs a value");
    if (setting)
      flags.push_back({setting, std::move(value)});
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
  for (const Flag& flag : flags)
    if (auto ok = set_from_text(*flag.setting, line.config, flag.value); !ok)
      return Error(ErrorCode::kInvalidArgument, "--" + flag.setting->key + ": " + ok.error().message());
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
  return text + "  [runtime] in the file: the fields of gantry::RuntimeOptions\n";
}

}  // namespace gantry_server
