// SPDX-License-Identifier: Apache-2.0
// InferenceService: the methods of GRPCInferenceService; RefusingService: those that are not served, by name.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <functional>
#include <memory>
#include <utility>

#include "grpc_server.hpp"
#include "open_inference.grpc.pb.h"

namespace gantry_server {

using ProtocolService = inference::GRPCInferenceService;

/// Threads: thread-safe; called by gRPC.
class InferenceService final
    : public ProtocolService::WithRawCallbackMethod_ModelInfer<ProtocolService::CallbackService> {
 public:
  explicit InferenceService(std::shared_ptr<const GrpcContext> server) : server_(std::move(server)) {}

  grpc::ServerUnaryReactor* ServerLive(grpc::CallbackServerContext* context,
                                       const inference::ServerLiveRequest* request,
                                       inference::ServerLiveResponse* response) override;
  grpc::ServerUnaryReactor* ServerReady(grpc::CallbackServerContext* context,
                                        const inference::ServerReadyRequest* request,
                                        inference::ServerReadyResponse* response) override;
  grpc::ServerUnaryReactor* ModelReady(grpc::CallbackServerContext* context,
                                       const inference::ModelReadyRequest* request,
                                       inference::ModelReadyResponse* response) override;
  grpc::ServerUnaryReactor* ServerMetadata(grpc::CallbackServerContext* context,
                                           const inference::ServerMetadataRequest* request,
                                           inference::ServerMetadataResponse* response) override;
  grpc::ServerUnaryReactor* ModelMetadata(grpc::CallbackServerContext* context,
                                          const inference::ModelMetadataRequest* request,
                                          inference::ModelMetadataResponse* response) override;
  grpc::ServerUnaryReactor* ModelConfig(grpc::CallbackServerContext* context,
                                        const inference::ModelConfigRequest* request,
                                        inference::ModelConfigResponse* response) override;
  grpc::ServerUnaryReactor* ModelStatistics(grpc::CallbackServerContext* context,
                                            const inference::ModelStatisticsRequest* request,
                                            inference::ModelStatisticsResponse* response) override;
  grpc::ServerUnaryReactor* RepositoryIndex(grpc::CallbackServerContext* context,
                                            const inference::RepositoryIndexRequest* request,
                                            inference::RepositoryIndexResponse* response) override;
  grpc::ServerUnaryReactor* ModelInfer(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;

 private:
  const std::shared_ptr<const GrpcContext> server_;
};

/// Threads: thread-safe; called by gRPC.
class RefusingService final : public grpc::CallbackGenericService {
 public:
  explicit RefusingService(std::shared_ptr<const GrpcContext> server) : server_(std::move(server)) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;

 private:
  const std::shared_ptr<const GrpcContext> server_;
};

}  // namespace gantry_server
