// SPDX-License-Identifier: Apache-2.0
// The messages of an infer call over HTTP with binary tensors, without their transport.
#pragma once

#include <gantry/engine_call.hpp>
#include <gantry/result.hpp>
#include <gantry/signature.hpp>
#include <gantry/tensor.hpp>
#include <map>
#include <set>
#include <string>

#include "remote/http_answer.hpp"

namespace gantry::inline GANTRY_ABI::remote {

/// "/v2/models/NAME" or "/v2/models/NAME/versions/VERSION", with what a path cannot hold in hexadecimal.
std::string model_path(const std::string& model, const std::string& version);

/// The inputs and outputs that the protocol has as BYTES with one element, a file or a JSON text. Here they are its
/// bytes, u8[size], or u8[1, size] with a batch axis.
struct FileTensors {
  std::map<std::string, std::string> inputs;  // media types by name; may be empty
  std::set<std::string> outputs;

  bool has_input(const std::string& name) const { return inputs.count(name) > 0; }
};

/// The bytes that an input takes behind the JSON text: its own, and a file's length.
std::size_t wire_size(const NamedTensor& input, const FileTensors& files);

/// The JSON text that comes before the inputs' data. invalid_argument for a file of 4 GiB or more.
Result<std::string> infer_text(const Tensors& inputs, const FileTensors& files);

/// The header lines of a call: its remaining time, priority, tenant and trace, each ended by CR LF. invalid_argument
/// for a tenant that a header cannot hold.
Result<std::string> call_headers(const EngineCall& call);

/// The outputs of an answer with status 200, in signature order, in memory of their own. model_error with what was
/// expected and what came: another set of outputs, a size that is not the shape's, bytes left over; unsupported for an
/// answer with values in JSON.
Result<Tensors> read_infer_answer(const HttpAnswer& answer, const Signature& signature, const FileTensors& files);

}  // namespace gantry::inline GANTRY_ABI::remote
