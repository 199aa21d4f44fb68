// SPDX-License-Identifier: Apache-2.0
// Reads and writes elements of tensors of any dtype.
#pragma once

#include <cstddef>
#include <gantry/dtype.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// The element at `at` as a double; an i64 beyond 2^53 is rounded.
double element_value(DType dtype, const std::byte* at);

/// Writes `value` as an element of a floating-point dtype, rounded once, half to even; overflows to infinity.
void write_element(DType dtype, double value, std::byte* at);

}  // namespace gantry::inline GANTRY_ABI::detail
