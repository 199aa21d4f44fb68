// SPDX-License-Identifier: Apache-2.0
// The values of a tensor in JSON: "data" of Open Inference Protocol v2, nested as its shape or flat.
#pragma once

#include <gantry/json.hpp>
#include <gantry/result.hpp>
#include <gantry/tensor.hpp>
#include <vector>

namespace gantry_server {

/// Reads as many values as `shape` has elements. invalid_argument with the JSON path for a nesting that is not the
/// shape's, another number of values, a value of another kind, and one beyond the dtype. FP16 and BF16 have no form.
gantry::Result<gantry::Tensor> read_json_tensor(const gantry::JsonView& data, gantry::DType dtype,
                                                const gantry::Shape& shape);
/// The same for BYTES: texts.
gantry::Result<std::vector<gantry::Bytes>> read_json_strings(const gantry::JsonView& data, const gantry::Shape& shape);

}  // namespace gantry_server
