// SPDX-License-Identifier: Apache-2.0
#include "status.hpp"

#include <gantry/grpc_status.hpp>
#include <string>

namespace gantry_server {

grpc::Status to_status(const gantry::Error& error) {
  // Clients take 8 KB of headers, in which each byte that is not ASCII has three.
  constexpr std::size_t kLongest = 2000;
  return {static_cast<grpc::StatusCode>(gantry::grpc_status(error)), error.to_string().substr(0, kLongest)};
}

const char* name_of(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK:
      return "OK";
    case grpc::StatusCode::INVALID_ARGUMENT:
      return "INVALID_ARGUMENT";
    case grpc::StatusCode::UNAUTHENTICATED:
      return "UNAUTHENTICATED";
    case grpc::StatusCode::PERMISSION_DENIED:
      return "PERMISSION_DENIED";
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
