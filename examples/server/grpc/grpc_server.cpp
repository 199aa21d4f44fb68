// SPDX-License-Identifier: Apache-2.0
#include "grpc_server.hpp"

#include <grpc/grpc.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <limits>
#include <utility>

#include "health_report.hpp"
#include "http/address.hpp"
#include "inference_service.hpp"
#include "reflection.hpp"
#ifdef GANTRY_SERVER_TLS
#include "tls_credentials.hpp"
#endif

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;

/// As many as most clients open by themselves; more wait in the client.
constexpr int kMostCallsOfConnection = 1000;

/// A port that gRPC listens on, and what it tells of it.
struct Port {
  std::string address;  ///< as in grpc.listen
  std::string host;     ///< as gRPC takes it, and shows it; empty: a Unix socket
  int number = 0;       ///< chosen by gRPC; 0: it could not listen
};

gantry::Result<Port> parse(const std::string& address) {
  const auto path = parse_unix_path(address);
  if (!path) return path.error();
  if (*path) return Port{address, "", 0};
  auto parts = parse_host_port(address);
  if (!parts) return parts.error();
  if (parts->host.empty()) parts->host = "::";  // all addresses, those of IPv4 too
  const bool is_v6 = parts->host.find(':') != std::string::npos;
  Port port{address, is_v6 ? "[" + parts->host + "]" : parts->host, 0};
  port.address = port.host + ":" + parts->port;
  return port;
}

int clamped(std::int64_t value) {
  return static_cast<int>(std::clamp<std::int64_t>(value, 1, std::numeric_limits<std::int32_t>::max()));
}

/// What gRPC can bound of a client that is slow, gone or hostile. It has no time limit for a message to arrive, or for
/// an answer to be read: those end with the connection, whose age is limited.
void bound_connections(grpc::ServerBuilder& builder, const GrpcContext& context) {
  const HttpOptions& limits = context.http->options;
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMostCallsOfConnection);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, clamped(limits.header_timeout.count()));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, clamped(limits.idle_timeout.count()));
  // A client that is silent is asked whether it is there; one that does not even read what comes cannot answer.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, clamped(limits.idle_timeout.count()));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, clamped(limits.transfer_timeout.count()));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Clients may ask, too: gRPC's own limit, five minutes, ends connections of common settings.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  if (context.max_connection_age.count() > 0) {
    // Calls have as long as a request may take, and as its message or its answer may take to pass.
    const auto transfer =
        limits.transfer_timeout + std::chrono::milliseconds(limits.max_body_bytes * 1000 / limits.min_bytes_per_second);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, clamped(context.max_connection_age.count()));
    if (context.limits.max_timeout.count() > 0)
      builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                                 clamped((context.limits.max_timeout + 2 * transfer).count()));
  }
  // What gRPC has received and not handed over: beyond it, it closes idle connections and resets calls. Twice what
  // bodies may have, and something for connections: the calls that are too many are refused here, with their reason.
  constexpr std::size_t kConnections = std::size_t{16} << 20;
  builder.SetResourceQuota(grpc::ResourceQuota("gantry-server").Resize(2 * limits.max_bytes_in_flight + kConnections));
}

}  // namespace

struct GrpcServer::Running {
  explicit Running(GrpcContext with)
      : context(std::make_shared<const GrpcContext>(std::move(with))), service(context), refusing(context) {}

  /// As for HTTP: with TLS on TCP, if there is a certificate.
  std::shared_ptr<grpc::ServerCredentials> credentials_of(const Port& port) {
#ifdef GANTRY_SERVER_TLS
    if (context->http->tls && !port.host.empty())
      return tls.emplace_back(std::make_unique<TlsCredentials>(context->http->tls))->credentials();
#else
    static_cast<void>(port);
#endif
    return grpc::InsecureServerCredentials();
  }

  const std::shared_ptr<const GrpcContext> context;
  InferenceService service;
  RefusingService refusing;
#ifdef GANTRY_SERVER_TLS
  std::vector<std::unique_ptr<TlsCredentials>> tls;  ///< of each port that has TLS
#endif
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<HealthReport> health;
  std::future<void> shutdown;  ///< valid once it has begun
};

GrpcServer::GrpcServer(std::unique_ptr<Running> running) : running_(std::move(running)) {}

GrpcServer::~GrpcServer() {
  stop();
}

gantry::Result<std::unique_ptr<GrpcServer>> GrpcServer::start(const std::vector<std::string>& addresses,
                                                              GrpcContext context) {
  constexpr std::size_t kMost = std::numeric_limits<std::int32_t>::max();
  const HttpOptions& limits = context.http->options;
  auto running = std::make_unique<Running>(std::move(context));
  grpc::EnableDefaultHealthCheckService(true);  // before there is a builder
  grpc::ServerBuilder builder;
  if (auto ok = set_reflection(builder, running->context->has_reflection); !ok) return ok.error();
  builder.RegisterService(&running->service);
  builder.RegisterCallbackGenericService(&running->refusing);
  bound_connections(builder, *running->context);
  builder.SetMaxReceiveMessageSize(static_cast<int>(std::min(limits.max_body_bytes, kMost)));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(limits.max_header_bytes));
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // two servers on one port would share its connections
  std::vector<Port> ports;
  for (const std::string& address : addresses) {
    auto port = parse(address);
    if (!port) return port.error();
    ports.push_back(*std::move(port));
  }
  for (Port& port : ports) builder.AddListeningPort(port.address, running->credentials_of(port), &port.number);
  running->server = builder.BuildAndStart();
  for (std::size_t i = 0; i < ports.size(); ++i)
    if (!running->server || ports[i].number == 0)
      return Error(ErrorCode::kFailedPrecondition,
                   "cannot listen on '" + addresses[i] + "' for gRPC; the lines before this one say why");
  running->health =
      std::make_unique<HealthReport>(*running->server->GetHealthCheckService(), running->context->service);
  auto server = std::unique_ptr<GrpcServer>(new GrpcServer(std::move(running)));
  for (const Port& port : ports)
    server->addresses_.push_back(port.host.empty() ? port.address : port.host + ":" + std::to_string(port.number));
  return server;
}

void GrpcServer::report_health() {
  running_->health->update();
}

void GrpcServer::stop_accepting() {
  if (running_->shutdown.valid()) return;
  // It waits for the calls that run, so it has a thread.
  running_->shutdown = std::async(std::launch::async, [server = running_->server.get()] { server->Shutdown(); });
}

void GrpcServer::stop() {
  stop_accepting();
  // The first time is for answers that are on their way.
  while (running_->shutdown.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready)
    grpc_server_cancel_all_calls(running_->server->c_server());
}

}  // namespace gantry_server
