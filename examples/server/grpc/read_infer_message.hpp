// SPDX-License-Identifier: Apache-2.0
// read_infer_message: a ModelInferRequest of gRPC as the InferRequest that JSON gives, too.
#pragma once

#include <memory>

#include "oip/infer_message.hpp"
#include "open_inference.pb.h"

namespace gantry_server {

/// Tensors and strings refer to the message where they can, which they keep alive; nothing else may use its memory.
/// Outputs are wanted as binary unless the inputs came as typed contents. invalid_argument names the member, or the
/// input with what was expected and what came; unsupported for shared memory, sequences and classification.
gantry::Result<InferRequest> read_infer_message(const std::shared_ptr<const inference::ModelInferRequest>& message);

}  // namespace gantry_server
