// SPDX-License-Identifier: Apache-2.0
#include "status.hpp"

#include <gantry/http_status.hpp>
#include <string>

namespace gantry_server {
namespace {

grpc::StatusCode code_of(const gantry::Error& error) {
  switch (gantry::http_status(error)) {
    case 400:
    case 415:
      return grpc::StatusCode::INVALID_ARGUMENT;
    case 404:
      return grpc::StatusCode::NOT_FOUND;
    case 413:
      return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case 499:
      return grpc::StatusCode::CANCELLED;
    case 501:
      return grpc::StatusCode::UNIMPLEMENTED;
    case 503:
      return grpc::StatusCode::UNAVAILABLE;
    case 504:
      return grpc::StatusCode::DEADLINE_EXCEEDED;
    default:
      return error.code() == gantry::ErrorCode::kFailedPrecondition ? grpc::StatusCode::FAILED_PRECONDITION
                                                                    : grpc::StatusCode::INTERNAL;
  }
}

}  // namespace

grpc::Status grpc_status(const gantry::Error& error) {
  // Clients take 8 KB of headers, in which each byte that is not ASCII has three.
  constexpr std::size_t kLongest = 2000;
  return {code_of(error), error.to_string().substr(0, kLongest)};
}

const char* name_of(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK:
      return "OK";
    case grpc::StatusCode::INVALID_ARGUMENT:
      return "INVALID_ARGUMENT";
    case grpc::StatusCode::NOT_FOUND:
      return "NOT_FOUND";
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return "RESOURCE_EXHAUSTED";
    case grpc::StatusCode::CANCELLED:
      return "CANCELLED";
    case grpc::StatusCode::UNIMPLEMENTED:
      return "UNIMPLEMENTED";
    case grpc::StatusCode::UNAVAILABLE:
      return "UNAVAILABLE";
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return "DEADLINE_EXCEEDED";
    case grpc::StatusCode::FAILED_PRECONDITION:
      return "FAILED_PRECONDITION";
    default:
      return "INTERNAL";
  }
}

}  // namespace gantry_server
