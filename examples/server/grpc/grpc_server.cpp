// SPDX-License-Identifier: Apache-2.0
#include "grpc_server.hpp"

#include <grpc/grpc.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <limits>
#include <utility>

#include "http/address.hpp"
#include "inference_service.hpp"

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;

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

}  // namespace

struct GrpcServer::Running {
  explicit Running(GrpcContext with)
      : context(std::make_shared<const GrpcContext>(std::move(with))), service(context), refusing(context) {}

  const std::shared_ptr<const GrpcContext> context;
  InferenceService service;
  RefusingService refusing;
  std::unique_ptr<grpc::Server> server;
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
  grpc::ServerBuilder builder;
  builder.RegisterService(&running->service);
  builder.RegisterCallbackGenericService(&running->refusing);
  builder.SetMaxReceiveMessageSize(static_cast<int>(std::min(limits.max_body_bytes, kMost)));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(limits.max_header_bytes));
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // two servers on one port would share its connections
  std::vector<Port> ports;
  for (const std::string& address : addresses) {
    auto port = parse(address);
    if (!port) return port.error();
    ports.push_back(*std::move(port));
  }
  for (Port& port : ports) builder.AddListeningPort(port.address, grpc::InsecureServerCredentials(), &port.number);
  running->server = builder.BuildAndStart();
  for (std::size_t i = 0; i < ports.size(); ++i)
    if (!running->server || ports[i].number == 0)
      return Error(ErrorCode::kFailedPrecondition,
                   "cannot listen on '" + addresses[i] + "' for gRPC; the lines before this one say why");
  auto server = std::unique_ptr<GrpcServer>(new GrpcServer(std::move(running)));
  for (const Port& port : ports)
    server->addresses_.push_back(port.host.empty() ? port.address : port.host + ":" + std::to_string(port.number));
  return server;
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
