// SPDX-License-Identifier: Apache-2.0
// GrpcServer of a build without gRPC: it refuses to start.
#include "grpc_server.hpp"

namespace gantry_server {

struct GrpcServer::Running {};

GrpcServer::GrpcServer(std::unique_ptr<Running> running) : running_(std::move(running)) {}
GrpcServer::~GrpcServer() = default;
void GrpcServer::report_health() {}
void GrpcServer::stop_accepting() {}
void GrpcServer::stop() {}

gantry::Result<std::unique_ptr<GrpcServer>> GrpcServer::start(const std::vector<std::string>&, GrpcContext) {
  return gantry::Error(gantry::ErrorCode::kUnsupported, "grpc.listen: this gantry-server was built without gRPC");
}

}  // namespace gantry_server
