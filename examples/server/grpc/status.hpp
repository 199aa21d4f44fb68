// SPDX-License-Identifier: Apache-2.0
// to_status: gRPC's status for an Error.
#pragma once

#include <grpcpp/support/status.h>
#include <gantry/error.hpp>

namespace gantry_server {

/// The code is gantry::grpc_status()'s; the text is HTTP's, cut where a client's limit for headers begins.
grpc::Status to_status(const gantry::Error& error);
/// "INVALID_ARGUMENT".
const char* name_of(grpc::StatusCode code);

}  // namespace gantry_server
