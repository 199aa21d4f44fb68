// SPDX-License-Identifier: Apache-2.0
// write_infer_response: the answer of an infer call over HTTP.
#pragma once

#include "http/message.hpp"
#include "infer_message.hpp"

namespace gantry_server {

/// JSON; or JSON followed by the outputs that the request wants as binary data, which are sent from the tensors' own
/// memory. invalid_argument for FP16 and BF16 in JSON, which has no form for them.
gantry::Result<Response> write_infer_response(const InferResponse& response, const InferRequest& request);

}  // namespace gantry_server
