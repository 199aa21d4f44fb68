// SPDX-License-Identifier: Apache-2.0
// Tensors whose memory is read directly.
#pragma once

#include <gantry/result.hpp>
#include <gantry/tensor.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// The tensor in row-major memory on the CPU; no copy if it is contiguous already. Errors: invalid_argument for a
/// tensor on another device; resource_exhausted.
inline Result<Tensor> dense_on_cpu(const Tensor& tensor) {
  if (tensor.device().is_cpu()) return tensor.contiguous();
  return Error(ErrorCode::kInvalidArgument, "expected a tensor on the CPU, got " + tensor.to_string());
}

}  // namespace gantry::inline GANTRY_ABI::detail
