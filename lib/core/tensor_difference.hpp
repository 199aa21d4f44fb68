// SPDX-License-Identifier: Apache-2.0
// The first element in which two tensors differ by more than a tolerance.
#pragma once

#include <gantry/tensor.hpp>
#include <gantry/tolerance.hpp>
#include <optional>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// "expected f32[4], got f32[5]", or "element [0, 3]: expected 0.5, got 0.25 (exact)"; nothing if they agree. Tensors
/// on another device cannot be compared; that is reported as a difference. Cost: one pass.
std::optional<std::string> tensor_difference(const Tensor& got, const Tensor& expected, const Tolerance& tolerance);

/// The lower quartile of the magnitudes of all finite elements other than 0; 0 if there are none, or the tensor is not
/// on the CPU.
double lower_quartile_magnitude(const Tensor& tensor);

}  // namespace gantry::inline GANTRY_ABI::detail
