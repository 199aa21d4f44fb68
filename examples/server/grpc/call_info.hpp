// SPDX-License-Identifier: Apache-2.0
// CallInfo: what is known of a gRPC call beside its messages: the metadata both ways, and its line of the log.
#pragma once

#include <grpcpp/grpcpp.h>
#include <chrono>
#include <gantry/result.hpp>
#include <gantry/run_options.hpp>
#include <optional>
#include <string>

#include "grpc_server.hpp"

namespace gantry_server {

/// Threads: one at a time.
class CallInfo {
 public:
  /// `method`: "/inference.GRPCInferenceService/ModelInfer".
  /// Begins its span, if the server has any.
  CallInfo(const GrpcContext& server, grpc::CallbackServerContext& context, std::string method);

  /// The status for a call without a right API key; nullopt: it may pass, and counts to its key's tenant.
  std::optional<grpc::Status> refuse(const GrpcContext& server);
  /// As HTTP's headers, whose names are in lower case here, and the call's deadline.
  gantry::Result<gantry::RunOptions> run_options(const RequestLimits& limits) const;
  /// The answer names the model, in its trailing metadata.
  void set_model(const ServedModel& model);
  void set_bytes_in(std::size_t size) { bytes_in_ = size; }
  void set_bytes_out(std::size_t size) { bytes_out_ = size; }

  /// The status of the answer: OK, or that of the error, with its reason and when to retry in the trailing metadata.
  grpc::Status status_of(const gantry::Result<void>& result);
  /// `is_cancelled`: the client has gone, or the call's deadline has passed.
  void log(const GrpcContext& server, bool is_cancelled) const;

 private:
  grpc::CallbackServerContext* context_;
  const std::string method_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::size_t bytes_in_ = 0;
  std::size_t bytes_out_ = 0;
  std::string tenant_;  ///< the API key's
  std::optional<TraceContext> trace_;
  std::string model_;
  std::string version_;
  std::string reason_;
  unsigned http_status_ = 200;
  grpc::StatusCode code_ = grpc::StatusCode::OK;
};

}  // namespace gantry_server
