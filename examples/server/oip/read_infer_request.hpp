// SPDX-License-Identifier: Apache-2.0
// read_infer_request: the body of an infer call over HTTP, JSON alone or JSON followed by binary tensors.
#pragma once

#include <optional>

#include "infer_message.hpp"

namespace gantry_server {

/// `json_size`: the header Inference-Header-Content-Length; nullopt: the whole body is JSON. Binary tensors refer to
/// `body`, which they keep alive; one that is not aligned for its dtype is copied. invalid_argument names the member,
/// or the input with the expected and the actual size.
gantry::Result<InferRequest> read_infer_request(const gantry::Bytes& body, std::optional<std::size_t> json_size);

/// A raw body (header value 0): the one tensor of a model with one input. `datatype` and `shape` are the input's; one
/// extent may be -1, and follows from the size. BYTES: the body is the one string.
gantry::Result<InferRequest> read_raw_request(const gantry::Bytes& body, const std::string& name,
                                              const std::string& datatype, const std::vector<std::int64_t>& shape);

}  // namespace gantry_server
