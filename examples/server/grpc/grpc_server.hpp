// SPDX-License-Identifier: Apache-2.0
// GrpcServer: Open Inference Protocol v2 over gRPC, beside HTTP and with the same models, limits and log.
#pragma once

#include <chrono>
#include <functional>
#include <gantry/result.hpp>
#include <gantry/runtime.hpp>
#include <memory>
#include <string>
#include <vector>

#include "access_log.hpp"
#include "api/service.hpp"
#include "auth/api_keys.hpp"
#include "http/connection.hpp"
#include "trace/tracer.hpp"

namespace gantry_server {

/// What the calls are answered with.
struct GrpcContext {
  std::shared_ptr<const Service> service;  ///< says whether the server is ready
  std::shared_ptr<const ModelStore> models;
  gantry::Runtime runtime;
  RequestLimits limits;
  std::shared_ptr<ApiKeys> keys;  ///< nullptr if calls need no key
  /// HTTP's: its limits, its certificate, its memory for bodies, and its count of requests, to which calls add
  /// themselves.
  std::shared_ptr<ConnectionContext> http;
  /// A connection is ended after it, and its calls after the time that they may take at most; 0: never.
  std::chrono::milliseconds max_connection_age{0};
  /// Called after each call, on any thread; may be empty.
  std::function<void(const AccessLine&)> log;
  std::shared_ptr<const Tracer> tracer;  ///< nullptr: calls have no spans
  bool has_reflection = false;           ///< clients may ask for the services and their messages
};

/// Threads: one thread uses it; calls are answered on threads of gRPC and of the runtime.
class GrpcServer {
 public:
  /// Listens on addresses as HttpServer::listen() takes them, and serves at once. invalid_argument,
  /// failed_precondition; unsupported where it was built without gRPC.
  static gantry::Result<std::unique_ptr<GrpcServer>> start(const std::vector<std::string>& addresses,
                                                           GrpcContext context);
  /// As stop().
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;

  /// In use, with their ports.
  const std::vector<std::string>& addresses() const { return addresses_; }
  /// Tells grpc.health.v1 now whether the server is ready, which it learns within a second otherwise.
  void report_health();
  /// Takes no more connections and calls, and tells the clients to go elsewhere; calls that run go on.
  void stop_accepting();
  /// Ends the calls that are left as cancelled, and waits for them.
  void stop();

 private:
  struct Running;
  explicit GrpcServer(std::unique_ptr<Running> running);

  std::unique_ptr<Running> running_;
  std::vector<std::string> addresses_;
};

}  // namespace gantry_server
