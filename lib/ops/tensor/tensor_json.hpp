// SPDX-License-Identifier: Apache-2.0
// Tensors as JSON: {"dtype": "f32", "shape": [2, 1], "data": [0.5, null]}. The data is flat and row-major. NaN and
// infinities, which JSON lacks, are null.
#pragma once

#include <gantry/json_writer.hpp>
#include <gantry/tensor.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// The tensor must be on the CPU.
void write_tensor(const Tensor& tensor, JsonWriter& json);

/// Reads null as NaN. invalid_argument for an invalid key, dtype or shape, and for a number that the dtype does not
/// have: floats are rounded, integers are not.
Result<Tensor> read_tensor(const JsonView& json);

}  // namespace gantry::inline GANTRY_ABI::detail
