// SPDX-License-Identifier: Apache-2.0
// The first element in which two tensors differ by more than a tolerance.
#pragma once

#include <gantry/tensor.hpp>
#include <optional>
#include <string>

#include "core/tolerance.hpp"

namespace gantry::detail {

/// "expected f32[4], got f32[5]", or "element [0, 3]: expected 0.5, got 0.25 (exact)"; nothing if they agree. Both are
/// on the CPU. Cost: one pass.
std::optional<std::string> tensor_difference(const Tensor& got, const Tensor& expected, const Tolerance& tolerance);

/// Of all finite elements; 0 if there are none. On the CPU, contiguous.
double largest_magnitude(const Tensor& tensor);

}  // namespace gantry::detail
