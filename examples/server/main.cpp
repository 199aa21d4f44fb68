// SPDX-License-Identifier: Apache-2.0
// gantry-server: serves the packages of a directory. README.md says how to run it.
#include <unistd.h>

#include <algorithm>
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
#include "admin/admin_handler.hpp"
#include "api/service.hpp"
#include "auth/api_key_handler.hpp"
#include "auth/api_keys.hpp"
#include "auth/read_token.hpp"
#include "config/command_line.hpp"
#include "config/read_config.hpp"
#include "grpc/grpc_server.hpp"
#include "healthcheck.hpp"
#include "http/compression_handler.hpp"
#include "http/listener.hpp"
#include "models/directory_store.hpp"
#include "page/page_handler.hpp"

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

/// Not ready, then no new connections, then no requests, then no threads. `grpc`: nullptr without it.
void drain(const ServerConfig& config, int signal, Service& service, HttpServer& server, GrpcServer* grpc,
           gantry::Runtime& runtime) {
  service.begin_drain();
  if (signal == SIGTERM && config.drain_delay.count() > 0) {
    say("draining: not ready, still serving for " + std::to_string(config.drain_delay.count()) + " ms");
    std::this_thread::sleep_for(config.drain_delay);
  }
  server.stop_accepting();
  if (grpc) grpc->stop_accepting();
  if (!wait_until_idle(server, config.drain_timeout))
    say("draining: " + std::to_string(server.requests()) + " requests are not done; those that wait get 503");
  if (auto ok = runtime.shutdown(); !ok) say(ok.error().to_string());
  wait_until_idle(server, std::chrono::seconds(1));  // their answers are written
  if (grpc) grpc->stop();
  server.stop();
}

gantry::Result<void> listen(HttpServer& server, const std::vector<std::string>& addresses, const std::string& text) {
  for (const std::string& address : addresses) {
    const auto bound = server.listen(address);
    if (!bound) return bound.error();
    say(text + *bound);
  }
  return {};
}

/// nullptr if requests need no key.
gantry::Result<std::shared_ptr<ApiKeys>> read_keys(const ServerConfig& config) {
  if (config.api_keys_file.empty()) return std::shared_ptr<ApiKeys>();
  return ApiKeys::open(config.api_keys_file, say);
}

/// The same, with bodies that are small.
HttpOptions admin_options(HttpOptions options) {
  options.max_body_bytes = std::min(options.max_body_bytes, std::size_t{1} << 20);
  options.max_bytes_in_flight = std::size_t{16} << 20;
  options.max_connections = 100;
  return options;
}

gantry::Result<void> serve(const ServerConfig& config) {
  auto token = config.admin_token_file.empty() ? gantry::Result<std::string>(std::string())
                                               : read_token(config.admin_token_file);
  if (!token) return token.error().within("admin.token_file");
  auto tls = config.tls.certificate.empty() ? gantry::Result<std::shared_ptr<TlsContext>>(std::shared_ptr<TlsContext>())
                                            : TlsContext::open(config.tls, say);
  if (!tls) return tls.error().within("tls");
  auto keys = read_keys(config);
  if (!keys) return keys.error().within("auth.api_keys_file");
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
  options.max_samples = config.requests.max_samples;
  if (!config.golden_cache.empty()) {
    options.open.golden = gantry::Golden::kFirstTime;
    options.open.golden_cache = config.golden_cache;
  }
  options.progress = say;
  auto models = DirectoryStore::open(options);
  if (!models) return models.error();

  const auto service = std::make_shared<Service>(*models, *runtime, config.requests);
  const auto context = std::make_shared<ConnectionContext>(config.http);
  std::shared_ptr<const Handler> served = service;
  if (config.has_page) served = std::make_shared<PageHandler>(service, *models, *runtime);
  std::shared_ptr<const Handler> guarded = served;
  if (*keys) guarded = std::make_shared<ApiKeyHandler>(*keys, served);
  context->handler = std::make_shared<CompressionHandler>(guarded, config.http, context->bodies, config.io_threads);
  context->tls = *tls;
  if (*log) context->log = [&](const auto&... what) { (*log)->write(what...); };
  HttpServer server(context, config.io_threads);
  const auto admin_context = std::make_shared<ConnectionContext>(admin_options(config.http));
  const auto admin = std::make_shared<AdminHandler>(served, *models, *std::move(token));
  admin_context->handler = admin;
  admin_context->tls = *tls;
  admin_context->log = context->log;
  HttpServer admin_server(admin_context, 1);
  signals.begin_serving();
  // Before HTTP, so that who asks HTTP whether the server is ready finds both.
  std::unique_ptr<GrpcServer> grpc;
  if (!config.grpc_listen.empty()) {
    GrpcContext with{service, *models, *runtime, config.requests, *keys, context, {}};
    if (*log) with.log = [&](const AccessLine& line) { (*log)->write(line); };
    auto started = GrpcServer::start(config.grpc_listen, std::move(with));
    if (!started) return started.error();
    grpc = *std::move(started);
    for (const std::string& address : grpc->addresses()) say("listening on " + address + " for gRPC");
  }
  if (auto ok = listen(admin_server, config.admin_listen, "admin listening on "); !ok) return ok;
  if (auto ok = listen(server, config.listen, "listening on "); !ok) return ok;
  server.start();
  admin_server.start();
  const int signal = signals.wait();
  drain(config, signal, *service, server, grpc.get(), *runtime);
  context->handler.reset();  // its threads may hold answers for connections, which `server` has
  admin->stop();
  wait_until_idle(admin_server, std::chrono::seconds(1));
  admin_server.stop();
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
  std::signal(SIGPIPE, SIG_IGN);  // a log's reader may go; sockets report it themselves
  return gantry_server::run({argv + 1, argv + argc});
}
