// SPDX-License-Identifier: Apache-2.0
// The messages of Open Inference Protocol v2's infer call, free of their encoding in JSON, binary or protobuf.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/bytes.hpp>
#include <gantry/result.hpp>
#include <gantry/tensor.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry_server {

/// The protocol's name of a dtype: "FP32".
const char* datatype_of(gantry::DType dtype) noexcept;
/// invalid_argument for a name that the protocol does not have; unsupported for UINT16, UINT32 and UINT64, which no
/// PyTorch model takes, and for BYTES, which is no dtype.
gantry::Result<gantry::DType> dtype_of(std::string_view datatype);

/// One input or output: a tensor, or strings.
struct InferTensor {
  std::string name;
  std::string datatype;
  gantry::Shape shape;
  gantry::Tensor tensor;               ///< unless BYTES
  std::vector<gantry::Bytes> strings;  ///< of BYTES: one for each element, row-major
  std::string content_type;            ///< parameter of a BYTES input: the media type of its elements

  bool holds_strings() const { return datatype == "BYTES"; }
};

struct RequestedOutput {
  std::string name;
  std::optional<bool> is_binary;  ///< parameter binary_data; unset: InferRequest::binary_outputs
};

struct InferRequest {
  std::string id;
  std::vector<InferTensor> inputs;
  std::vector<RequestedOutput> outputs;  ///< empty: all
  bool binary_outputs = false;           ///< parameter binary_data_output
  std::int64_t priority = 0;             ///< parameter: 1 is the highest, 0 the default
  std::int64_t timeout_us = 0;           ///< parameter; 0: none
};

struct InferResponse {
  std::string id;
  std::string model_name;
  std::string model_version;
  std::vector<InferTensor> outputs;
};

}  // namespace gantry_server
