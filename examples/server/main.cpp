// SPDX-License-Identifier: Apache-2.0
// gantry-server: serves the packages of a directory. README.md says how to run it.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <gantry/gantry.hpp>
#include <string>
#include <utility>
#include <vector>

#ifdef GANTRY_SERVER_EXECUTORCH
#include <gantry/executorch.hpp>
#endif
#ifdef GANTRY_SERVER_TORCH
#include <gantry/libtorch.hpp>
#endif

#include "bounded_write.hpp"
#include "config/command_line.hpp"
#include "config/read_config.hpp"
#include "descriptors.hpp"
#include "healthcheck.hpp"
#include "server.hpp"
#include "signals.hpp"

namespace gantry_server {
namespace {

/// Never stuck in a pipe that nobody reads: then the text is lost.
void say(const std::string& text) {
  bounded_write(STDERR_FILENO, "gantry-server: " + text + "\n", std::chrono::milliseconds(100), [] { return false; });
}

gantry::EngineList linked_engines() {
  gantry::EngineList engines;
#ifdef GANTRY_SERVER_EXECUTORCH
  for (auto& engine : gantry::executorch::engines()) engines.push_back(std::move(engine));
#endif
#ifdef GANTRY_SERVER_TORCH
  for (auto& engine : gantry::libtorch::engines()) engines.push_back(std::move(engine));
#endif
  return engines;
}

gantry::Result<void> serve(const ServerConfig& config) {
  Signals signals;
  if (const auto few = raise_descriptor_limit(config.http.max_connections)) say(*few);
  auto server = Server::open(config, linked_engines(), say);
  if (!server) return server.error();
  signals.begin_serving();
  if (auto ok = (*server)->start(); !ok) return ok;
  int signal = signals.wait();
  for (; signal == SIGHUP; signal = signals.wait()) (*server)->reopen_log();
  (*server)->drain(signal == SIGTERM);
  return {};
}

/// A Unix socket where there is one: it needs no certificate.
std::string health_address(const ServerConfig& config) {
  for (const std::string& address : config.listen)
    if (address.rfind("unix:", 0) == 0) return address;
  return config.listen[0];
}

int run(const std::vector<std::string>& arguments) {
  const auto line = parse_command_line(arguments);
  if (!line) {
    say(line.error().message());
    return 64;
  }
  gantry::Result<void> done;
  switch (line->command) {
    case Command::kHelp:
      std::fputs(help_text().c_str(), stdout);
      return 0;
    case Command::kVersion:
      std::puts("gantry-server " GANTRY_VERSION_STRING);
      return 0;
    case Command::kCheckConfig:
      say("the configuration is valid");
      return 0;
    case Command::kPrintConfig:
      std::fputs(print_config(line->config).c_str(), stdout);
      return 0;
    case Command::kHealthcheck:
      done = check_health(health_address(line->config), !line->config.tls.certificate.empty());
      break;
    case Command::kServe:
      done = serve(line->config);
      break;
  }
  if (done) return 0;
  say(done.error().to_string());
  return 1;
}

}  // namespace
}  // namespace gantry_server

int main(int argc, char** argv) {
  gantry_server::open_standard_descriptors(argv);
  std::signal(SIGXFSZ, SIG_IGN);  // a log that is as long as files may be (ulimit -f) is full
  std::signal(SIGPIPE, SIG_IGN);  // a log's reader may go; sockets report it themselves
  return gantry_server::run({argv + 1, argv + argc});
}
