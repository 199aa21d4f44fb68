// SPDX-License-Identifier: Apache-2.0
// Converts between gantry's element types and ExecuTorch's.
#pragma once

#include <executorch/runtime/core/portable_type/scalar_type.h>

#include <gantry/dtype.hpp>
#include <optional>

namespace gantry::inline GANTRY_ABI::executorch {

::executorch::runtime::etensor::ScalarType to_scalar_type(DType dtype);
/// nullopt for a type that gantry does not have.
std::optional<DType> to_dtype(::executorch::runtime::etensor::ScalarType type);

}  // namespace gantry::inline GANTRY_ABI::executorch
