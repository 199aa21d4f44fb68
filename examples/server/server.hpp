// SPDX-License-Identifier: Apache-2.0
// Server: everything that a configuration asks for, put together: runtime, models, handlers, ports.
#pragma once

#include <functional>
#include <gantry/engine_loader.hpp>
#include <gantry/runtime.hpp>
#include <memory>
#include <string>
#include <vector>

#include "access_log.hpp"
#include "admin/admin_handler.hpp"
#include "api/service.hpp"
#include "auth/api_keys.hpp"
#include "config/server_config.hpp"
#include "grpc/grpc_server.hpp"
#include "http/listener.hpp"
#include "http/tls_context.hpp"
#include "models/directory_store.hpp"
#include "trace/tracer.hpp"

namespace gantry_server {

/// Threads: one thread uses it.
class Server {
 public:
  using Say = std::function<void(const std::string&)>;

  /// Reads secrets, starts the runtime, and opens every package; nothing is served yet. The errors name the setting.
  /// `say` is told what happens, on any thread.
  static gantry::Result<std::unique_ptr<Server>> open(const ServerConfig& config, gantry::EngineList engines, Say say);

  /// Listens on all addresses, and serves.
  gantry::Result<void> start();
  /// Goes on in the file that log.access names now: what rotates logs has renamed the old one.
  void reopen_log() {
    if (records_.log) records_.log->reopen();
  }
  /// Ends it without losing an answer: not ready, then no new connections, then no requests, then no threads.
  /// `waits`: it is not ready, but serves, for ServerConfig::drain_delay, until balancers have noticed.
  void drain(bool waits);

 private:
  /// What is read before anything is started.
  struct Secrets {
    std::string admin_token;          // empty: none
    std::shared_ptr<TlsContext> tls;  // nullptr: without TLS
    std::shared_ptr<ApiKeys> keys;    // nullptr: requests need no key
  };

  /// Where requests are told of.
  struct Records {
    std::shared_ptr<AccessLog> log;  // nullptr: none
    std::shared_ptr<Tracer> tracer;  // nullptr: none

    /// Tells both of a request that has been answered; empty if there is neither.
    std::function<void(const AccessLine&)> writer() const;
  };

  Server(const ServerConfig& config, Secrets secrets, Records records, gantry::Runtime runtime,
         std::shared_ptr<DirectoryStore> models, Say say);
  static gantry::Result<Records> open_records(const ServerConfig& config, const Say& say);
  static gantry::Result<Secrets> read_secrets(const ServerConfig& config, const Say& say);
  static gantry::Result<std::shared_ptr<DirectoryStore>> open_models(const ServerConfig& config,
                                                                     const gantry::Runtime& runtime,
                                                                     gantry::EngineList engines, const Say& say);
  gantry::Result<void> start_grpc();
  gantry::Result<void> listen(HttpServer& server, const std::vector<std::string>& addresses, const std::string& text);

  const ServerConfig config_;
  const Say say_;
  const Secrets secrets_;
  const Records records_;
  gantry::Runtime runtime_;
  const std::shared_ptr<DirectoryStore> models_;
  const std::shared_ptr<Service> service_;
  const std::shared_ptr<ConnectionContext> context_;
  const std::shared_ptr<ConnectionContext> admin_context_;
  std::shared_ptr<AdminHandler> admin_;
  HttpServer http_;
  HttpServer admin_http_;
  std::unique_ptr<GrpcServer> grpc_;  // nullptr: without gRPC
};

}  // namespace gantry_server
