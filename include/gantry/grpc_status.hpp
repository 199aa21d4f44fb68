// SPDX-License-Identifier: Apache-2.0
// grpc_status: a gRPC server's status for an Error. Depends on code and reason, never on the message.
//
//   return grpc::Status(static_cast<grpc::StatusCode>(gantry::grpc_status(error)), error.to_string());
#pragma once

#include <gantry/error.hpp>
#include <gantry/export.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// The number of a gRPC status code, 1..16. Equivalent to http_status(): errors that a client or a balancer may retry
/// are UNAVAILABLE here and 503 there. Thread-safe; does not throw; no allocation.
///
/// | reason                      | status              | why                                                         |
/// |-----------------------------|---------------------|-------------------------------------------------------------|
/// | input_too_large, media_type | 3 INVALID_ARGUMENT  | the client must send something else; a client would retry    |
/// |                             |                     | RESOURCE_EXHAUSTED                                          |
/// | queue_full, shed, unhealthy, shutdown | 14 UNAVAILABLE | another server, or this one later, can serve it        |
/// | deadline_unreachable        | 14 UNAVAILABLE with resource_exhausted: other requests are ahead; else 4          |
///
/// | code, if no reason applies   | status                                          |
/// |------------------------------|-------------------------------------------------|
/// | invalid_argument             | 3 INVALID_ARGUMENT                              |
/// | not_found                    | 5 NOT_FOUND                                     |
/// | failed_precondition          | 9 FAILED_PRECONDITION: do not retry until the server is fixed |
/// | unsupported                  | 12 UNIMPLEMENTED                                |
/// | resource_exhausted           | 8 RESOURCE_EXHAUSTED, also for out_of_memory    |
/// | cancelled                    | 1 CANCELLED                                     |
/// | deadline_exceeded            | 4 DEADLINE_EXCEEDED                             |
/// | unavailable                  | 14 UNAVAILABLE                                  |
/// | model_error, internal        | 13 INTERNAL                                     |
GANTRY_API int grpc_status(const Error& error) noexcept;

}  // namespace GANTRY_ABI
}  // namespace gantry
