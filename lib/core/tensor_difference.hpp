// SPDX-License-Identifier: Apache-2.0
// The first element in which two tensors differ by more than a tolerance.
#pragma once

#include <gantry/tensor.hpp>
#include <gantry/tolerance.hpp>
#include <optional>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// "expected f32[4], got f32[5]", or "element [0, 3]: expected 0.5, got 0.25 (exact)"; nothing if they agree. Those
/// that are not on the CPU cannot be compared, which is a difference. Cost: one pass.
std::optional<std::string> tensor_difference(const Tensor& got, const Tensor& expected, const Tolerance& tolerance);

/// A quarter of the finite elements other than 0 are at most this far from it; 0 if there are none, or
/// they are not on the CPU.
double lower_quartile_magnitude(const Tensor& tensor);

}  // namespace gantry::inline GANTRY_ABI::detail
