// SPDX-License-Identifier: Apache-2.0
// Tensors whose memory is read directly.
#pragma once

#include <gantry/result.hpp>
#include <gantry/tensor.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// The tensor as row-major memory that this process can read, without a copy where it is that. invalid_argument for one
/// on another device; resource_exhausted.
inline Result<Tensor> dense_on_cpu(const Tensor& tensor) {
  if (tensor.device().is_cpu()) return tensor.contiguous();
  return Error(ErrorCode::kInvalidArgument, "expected a tensor on the CPU, got " + tensor.to_string());
}

}  // namespace gantry::inline GANTRY_ABI::detail
