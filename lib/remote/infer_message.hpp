// SPDX-License-Identifier: Apache-2.0
// The messages of an infer call over HTTP with binary tensors, without their transport.
#pragma once

#include <gantry/result.hpp>
#include <gantry/signature.hpp>
#include <gantry/tensor.hpp>
#include <string>

#include "remote/http_answer.hpp"
#include "runtime/call_options.hpp"

namespace gantry::inline GANTRY_ABI::remote {

/// "/v2/models/NAME" or "/v2/models/NAME/versions/VERSION", with what a path cannot hold in hexadecimal.
std::string model_path(const std::string& model, const std::string& version);

/// The JSON text that comes before the inputs' data.
Result<std::string> infer_text(const Tensors& inputs);

/// The header lines of a call: its remaining time, priority, tenant and trace, each ended by CR LF. invalid_argument
/// for a tenant that a header cannot hold.
Result<std::string> call_headers(const detail::CallOptions& call);

/// The outputs of an answer with status 200, in signature order, in memory of their own. model_error with what was
/// expected and what came: another set of outputs, a size that is not the shape's, bytes left over; unsupported for an
/// answer with values in JSON.
Result<Tensors> read_infer_answer(const HttpAnswer& answer, const Signature& signature);

}  // namespace gantry::inline GANTRY_ABI::remote
