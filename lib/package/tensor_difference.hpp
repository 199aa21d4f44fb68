// SPDX-License-Identifier: Apache-2.0
// The first element in which two tensors differ by more than a tolerance.
#pragma once

#include <gantry/tensor.hpp>
#include <optional>
#include <string>

#include "package/golden_case.hpp"

namespace gantry::detail {

/// "expected f32[4], got f32[5]", or "element [0, 3]: expected 0.5, got 0.25 (exact)"; nothing if they agree. Both are
/// on the CPU. Cost: one pass.
std::optional<std::string> tensor_difference(const Tensor& got, const Tensor& expected, const Tolerance& tolerance);

}  // namespace gantry::detail
