// SPDX-License-Identifier: Apache-2.0
// write_infer_message: an InferResponse as the ModelInferResponse of gRPC.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include "oip/infer_message.hpp"

namespace gantry_server {

/// With raw_output_contents, which are sent from the tensors' own memory, where the request wants binary outputs or an
/// output has no typed contents (FP16, BF16); else with typed contents. unsupported if it is beyond protobuf's 2 GiB.
gantry::Result<grpc::ByteBuffer> write_infer_message(const InferResponse& response, const InferRequest& request);

}  // namespace gantry_server
