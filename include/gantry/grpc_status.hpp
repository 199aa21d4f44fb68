// SPDX-License-Identifier: Apache-2.0
// grpc_status: what a gRPC server answers for an Error. Built on code and reason, never on the message.
//
//   return grpc::Status(static_cast<grpc::StatusCode>(gantry::grpc_status(error)), error.to_string());
#pragma once

#include <gantry/error.hpp>
#include <gantry/export.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// The number of a gRPC status code, 1..16. It says the same as http_status(): what a client or a balancer may repeat
/// is UNAVAILABLE, as there 503. Thread-safe; does not throw; no allocation.
///
/// | reason                      | status              | why                                                         |
/// |-----------------------------|---------------------|-------------------------------------------------------------|
/// | input_too_large, media_type | 3 INVALID_ARGUMENT  | the client has to send something else; RESOURCE_EXHAUSTED    |
/// |                             |                     | would be repeated                                           |
/// | queue_full, shed, unhealthy, shutdown | 14 UNAVAILABLE | another server, or this one later, can do it           |
/// | deadline_unreachable        | 14 UNAVAILABLE with resource_exhausted: it is others that are ahead; else 4       |
///
/// | code, no reason that decides | status                                          |
/// |------------------------------|-------------------------------------------------|
/// | invalid_argument             | 3 INVALID_ARGUMENT                              |
/// | not_found                    | 5 NOT_FOUND                                     |
/// | failed_precondition          | 9 FAILED_PRECONDITION: not to be repeated until the server was mended |
/// | unsupported                  | 12 UNIMPLEMENTED                                |
/// | resource_exhausted           | 8 RESOURCE_EXHAUSTED, out_of_memory included    |
/// | cancelled                    | 1 CANCELLED                                     |
/// | deadline_exceeded            | 4 DEADLINE_EXCEEDED                             |
/// | unavailable                  | 14 UNAVAILABLE                                  |
/// | model_error, internal        | 13 INTERNAL                                     |
GANTRY_API int grpc_status(const Error& error) noexcept;

}  // namespace GANTRY_ABI
}  // namespace gantry
