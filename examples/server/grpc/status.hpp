// SPDX-License-Identifier: Apache-2.0
// grpc_status: gRPC's status for an Error.
#pragma once

#include <grpcpp/support/status.h>
#include <gantry/error.hpp>

namespace gantry_server {

/// The code says what HTTP's status says; the text is HTTP's, cut where a client's limit for headers begins.
///
/// | HTTP     | gRPC                                      |
/// |----------|-------------------------------------------|
/// | 400, 415 | INVALID_ARGUMENT                          |
/// | 404      | NOT_FOUND                                 |
/// | 413      | RESOURCE_EXHAUSTED, as gRPC's own refusal |
/// | 499      | CANCELLED                                 |
/// | 501      | UNIMPLEMENTED                             |
/// | 503      | UNAVAILABLE: clients may retry            |
/// | 504      | DEADLINE_EXCEEDED                         |
/// | 500      | FAILED_PRECONDITION for that code, INTERNAL |
grpc::Status grpc_status(const gantry::Error& error);
/// "INVALID_ARGUMENT".
const char* name_of(grpc::StatusCode code);

}  // namespace gantry_server
