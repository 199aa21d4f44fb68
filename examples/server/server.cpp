// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include <algorithm>
#include <chrono>
#include <gantry/version.hpp>
#include <thread>
#include <utility>

#include "auth/api_key_handler.hpp"
#include "auth/read_token.hpp"
#include "http/compression_handler.hpp"
#include "page/page_handler.hpp"
#include "trace/trace_handler.hpp"

namespace gantry_server {
namespace {

using gantry::Result;

bool wait_until_idle(const HttpServer& server, std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (server.requests() > 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return server.requests() == 0;
}

/// The same, with bodies that are small.
HttpOptions admin_options(HttpOptions options) {
  options.max_body_bytes = std::min(options.max_body_bytes, std::size_t{1} << 20);
  options.max_bytes_in_flight = std::size_t{16} << 20;
  options.max_connections = 100;
  return options;
}

}  // namespace

Result<Server::Secrets> Server::read_secrets(const ServerConfig& config, const Say& say) {
  Secrets secrets;
  if (!config.admin_token_file.empty()) {
    auto token = read_token(config.admin_token_file);
    if (!token) return token.error().within("admin.token_file");
    secrets.admin_token = *std::move(token);
  }
  if (!config.tls.certificate.empty()) {
    auto tls = TlsContext::open(config.tls, say);
    if (!tls) return tls.error().within("tls");
    secrets.tls = *std::move(tls);
  }
  if (!config.api_keys_file.empty()) {
    auto keys = ApiKeys::open(config.api_keys_file, say);
    if (!keys) return keys.error().within("auth.api_keys_file");
    secrets.keys = *std::move(keys);
  }
  return secrets;
}

Result<std::shared_ptr<DirectoryStore>> Server::open_models(const ServerConfig& config, const gantry::Runtime& runtime,
                                                            gantry::EngineList engines, const Say& say) {
  DirectoryOptions options;
  options.directory = config.models_directory;
  options.engines = std::move(engines);
  options.open.model.runtime = runtime;
  options.allow_failed = config.allow_failed_models;
  options.max_samples = config.requests.max_samples;
  if (!config.golden_cache.empty()) {
    options.open.golden = gantry::Golden::kFirstTime;
    options.open.golden_cache = config.golden_cache;
  }
  options.progress = say;
  return DirectoryStore::open(options);
}

Result<std::unique_ptr<Server>> Server::open(const ServerConfig& config, gantry::EngineList engines, Say say) {
  auto secrets = read_secrets(config, say);
  if (!secrets) return secrets.error();
  auto records = open_records(config, say);
  if (!records) return records.error();
  gantry::RuntimeOptions runtime_options = config.runtime;
  if (records->tracer) runtime_options.observer = records->tracer->observer();
  auto runtime = gantry::Runtime::create(runtime_options);
  if (!runtime) return runtime.error();
  say("version " GANTRY_VERSION_STRING ", " + runtime->budget_explanation());
  auto models = open_models(config, *runtime, std::move(engines), say);
  if (!models) return models.error();
  return std::unique_ptr<Server>(new Server(config, *std::move(secrets), *std::move(records), *std::move(runtime),
                                            *std::move(models), std::move(say)));
}

Result<Server::Records> Server::open_records(const ServerConfig& config, const Say& say) {
  Records records;
  if (!config.access_log.empty()) {
    auto log = AccessLog::open(config.access_log, say);
    if (!log) return log.error();
    records.log = *std::move(log);
  }
  if (!config.trace.endpoint.empty()) {
    auto tracer = Tracer::open(config.trace, !config.tls.certificate.empty(), say);
    if (!tracer) return tracer.error();
    records.tracer = *std::move(tracer);
  }
  return records;
}

std::function<void(const AccessLine&)> Server::Records::writer() const {
  if (!log && !tracer) return {};
  return [records = *this](const AccessLine& line) {
    if (records.log) records.log->write(line);
    if (records.tracer) records.tracer->end(line);
  };
}

Server::Server(const ServerConfig& config, Secrets secrets, Records records, gantry::Runtime runtime,
               std::shared_ptr<DirectoryStore> models, Say say)
    : config_(config),
      say_(std::move(say)),
      secrets_(std::move(secrets)),
      records_(std::move(records)),
      runtime_(std::move(runtime)),
      models_(std::move(models)),
      service_(std::make_shared<Service>(
          models_, runtime_, config_.requests,
          records_.tracer ? [tracer = records_.tracer] { return tracer->metrics(); } : std::function<std::string()>())),
      context_(std::make_shared<ConnectionContext>(config_.http)),
      admin_context_(std::make_shared<ConnectionContext>(admin_options(config_.http))),
      http_(context_, config_.io_threads),
      admin_http_(admin_context_, 1) {
  // A request passes from the last one made to the first: trace, compressed bodies, API key, page, service.
  std::shared_ptr<const Handler> served = service_;
  if (config_.has_page) served = std::make_shared<PageHandler>(service_, models_, runtime_);
  admin_ = std::make_shared<AdminHandler>(served, models_, secrets_.admin_token);
  if (secrets_.keys) served = std::make_shared<ApiKeyHandler>(secrets_.keys, served);
  context_->handler = std::make_shared<CompressionHandler>(served, config_.http, context_->bodies, config_.io_threads);
  admin_context_->handler = admin_;
  for (const auto& context : {context_, admin_context_}) {
    context->tls = secrets_.tls;
    context->say = say_;
    if (records_.tracer) context->handler = std::make_shared<TraceHandler>(records_.tracer, context->handler);
    if (auto write = records_.writer())
      context->log = [write](const Request& request, const Response& response, const auto& began) {
        write(line_of(request, response, began));
      };
  }
}

Result<void> Server::start() {
  // Before HTTP, so that who asks HTTP whether the server is ready finds both.
  if (auto ok = start_grpc(); !ok) return ok;
  if (auto ok = listen(admin_http_, config_.admin_listen, "admin listening on "); !ok) return ok;
  if (auto ok = listen(http_, config_.listen, "listening on "); !ok) return ok;
  http_.start();
  admin_http_.start();
  return {};
}

Result<void> Server::start_grpc() {
  if (config_.grpc_listen.empty()) return {};
  GrpcContext with{service_,
                   models_,
                   runtime_,
                   config_.requests,
                   secrets_.keys,
                   context_,
                   config_.grpc_max_connection_age,
                   records_.writer(),
                   records_.tracer,
                   config_.has_grpc_reflection};
  auto started = GrpcServer::start(config_.grpc_listen, std::move(with));
  if (!started) return started.error();
  grpc_ = *std::move(started);
  for (const std::string& address : grpc_->addresses()) say_("listening on " + address + " for gRPC");
  return {};
}

Result<void> Server::listen(HttpServer& server, const std::vector<std::string>& addresses, const std::string& text) {
  for (const std::string& address : addresses) {
    const auto bound = server.listen(address);
    if (!bound) return bound.error();
    say_(text + *bound);
  }
  return {};
}

void Server::drain(bool waits) {
  service_->begin_drain();
  if (grpc_) grpc_->report_health();
  if (waits && config_.drain_delay.count() > 0) {
    say_("draining: not ready, still serving for " + std::to_string(config_.drain_delay.count()) + " ms");
    std::this_thread::sleep_for(config_.drain_delay);
  }
  http_.stop_accepting();
  if (grpc_) grpc_->stop_accepting();
  if (!wait_until_idle(http_, config_.drain_timeout))
    say_("draining: " + std::to_string(http_.requests()) + " requests are not done; those that wait get 503");
  if (auto ok = runtime_.shutdown(); !ok) say_(ok.error().to_string());
  wait_until_idle(http_, std::chrono::seconds(1));  // their answers are written
  if (grpc_) grpc_->stop();
  http_.stop();
  context_->handler.reset();  // its threads may hold answers for connections, which http_ has
  admin_->stop();
  wait_until_idle(admin_http_, std::chrono::seconds(1));
  admin_http_.stop();
  if (records_.tracer) records_.tracer->stop();
}

}  // namespace gantry_server
