// SPDX-License-Identifier: Apache-2.0
// gantry-server: serves the packages of a directory. README.md says how to run it.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <future>
#include <gantry/gantry.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#ifdef GANTRY_SERVER_EXECUTORCH
#include <gantry/executorch.hpp>
#endif
#ifdef GANTRY_SERVER_TORCH
#include <gantry/libtorch.hpp>
#endif

#include "access_log.hpp"
#include "api/service.hpp"
#include "config/command_line.hpp"
#include "config/read_config.hpp"
#include "healthcheck.hpp"
#include "http/compression_handler.hpp"
#include "http/listener.hpp"
#include "models/directory_store.hpp"

namespace gantry_server {
namespace {

using Clock = std::chrono::steady_clock;

void say(const std::string& text) {
  std::fprintf(stderr, "gantry-server: %s\n", text.c_str());
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

/// SIGTERM and SIGINT: the first one after begin_serving() is wait()'s; any other ends the process at once.
class Signals {
 public:
  Signals() : set_(io_, SIGTERM, SIGINT), thread_([this] { io_.run(); }) { listen(); }
  Signals(const Signals&) = delete;
  ~Signals() {
    io_.stop();
    thread_.join();
  }

  void begin_serving() { is_serving_ = true; }
  int wait() { return first_.get_future().get(); }

 private:
  void listen() {
    set_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (!is_serving_.exchange(false)) ::_exit(128 + signal);
      first_.set_value(signal);
      listen();
    });
  }

  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::signal_set set_;
  std::promise<int> first_;
  std::atomic<bool> is_serving_{false};
  std::thread thread_;
};

bool wait_until_idle(const HttpServer& server, std::chrono::milliseconds time) {
  const auto end = Clock::now() + time;
  while (server.requests() > 0 && Clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return server.requests() == 0;
}

/// Not ready, then no new connections, then no requests, then no threads.
void drain(const ServerConfig& config, int signal, Service& service, HttpServer& server, gantry::Runtime& runtime) {
  service.begin_drain();
  if (signal == SIGTERM && config.drain_delay.count() > 0) {
    say("draining: not ready, still serving for " + std::to_string(config.drain_delay.count()) + " ms");
    std::this_thread::sleep_for(config.drain_delay);
  }
  server.stop_accepting();
  if (!wait_until_idle(server, config.drain_timeout))
    say("draining: " + std::to_string(server.requests()) + " requests are not done; those that wait get 503");
  if (auto ok = runtime.shutdown(); !ok) say(ok.error().to_string());
  wait_until_idle(server, std::chrono::seconds(1));  // their answers are written
  server.stop();
}

gantry::Result<void> serve(const ServerConfig& config) {
  auto log = config.access_log.empty() ? gantry::Result<std::unique_ptr<AccessLog>>(std::unique_ptr<AccessLog>())
                                       : AccessLog::open(config.access_log);
  if (!log) return log.error();
  auto runtime = gantry::Runtime::create(config.runtime);
  if (!runtime) return runtime.error();
  say("version " GANTRY_VERSION_STRING ", " + runtime->budget_explanation());

  Signals signals;
  DirectoryOptions options;
  options.directory = config.models_directory;
  options.engines = linked_engines();
  options.open.model.runtime = *runtime;
  options.allow_failed = config.allow_failed_models;
  if (!config.golden_cache.empty()) {
    options.open.golden = gantry::Golden::kFirstTime;
    options.open.golden_cache = config.golden_cache;
  }
  auto models = DirectoryStore::open(options, say);
  if (!models) return models.error();

  const auto service = std::make_shared<Service>(*models, *runtime, config.requests);
  const auto context = std::make_shared<ConnectionContext>(config.http);
  context->handler = std::make_shared<CompressionHandler>(service, config.http, context->bodies, config.io_threads);
  if (*log) context->log = [&](const auto&... what) { (*log)->write(what...); };
  HttpServer server(context, config.io_threads);
  signals.begin_serving();
  for (const std::string& address : config.listen) {
    const auto bound = server.listen(address);
    if (!bound) return bound.error();
    say("listening on " + *bound);
  }
  server.start();
  const int signal = signals.wait();
  drain(config, signal, *service, server, *runtime);
  context->handler.reset();  // its threads may hold answers for connections, which `server` has
  return {};
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
      done = check_health(line->config.listen[0]);
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
  std::signal(SIGPIPE, SIG_IGN);  // a log's reader may go; sockets report it themselves
  return gantry_server::run({argv + 1, argv + argc});
}
