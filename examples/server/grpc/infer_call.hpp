// SPDX-License-Identifier: Apache-2.0
// infer_call: answers ModelInfer. The message is parsed here rather than by gRPC, so that its memory is counted first,
// and that tensors can refer to it for as long as the pipeline holds them.
#pragma once

#include <grpcpp/grpcpp.h>
#include <memory>

#include "grpc_server.hpp"

namespace gantry_server {

/// A reactor that owns itself until the call is over. `answer` lives as long.
grpc::ServerUnaryReactor* infer_call(const std::shared_ptr<const GrpcContext>& server,
                                     grpc::CallbackServerContext& context, const grpc::ByteBuffer& message,
                                     grpc::ByteBuffer& answer);

}  // namespace gantry_server
