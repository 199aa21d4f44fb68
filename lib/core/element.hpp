// SPDX-License-Identifier: Apache-2.0
// Elements of tensors as numbers, whatever their dtype.
#pragma once

#include <cstddef>
#include <gantry/dtype.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// The element at `at` as a double; an i64 beyond 2^53 is rounded.
double element_value(DType dtype, const std::byte* at);

/// Writes `value` as an element of a floating-point dtype, rounded once, half to even; beyond the largest it is an
/// infinity.
void write_element(DType dtype, double value, std::byte* at);

}  // namespace gantry::inline GANTRY_ABI::detail
