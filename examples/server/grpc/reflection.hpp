// SPDX-License-Identifier: Apache-2.0
// set_reflection(): whether clients may ask a server of gRPC which services and messages it has.
#pragma once

#include <grpcpp/server_builder.h>
#include <gantry/result.hpp>

namespace gantry_server {

/// unsupported where it is wanted and was not built in.
gantry::Result<void> set_reflection(grpc::ServerBuilder& builder, bool is_wanted);

}  // namespace gantry_server
