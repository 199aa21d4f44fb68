// SPDX-License-Identifier: Apache-2.0
#include "engine/executorch/scalar_types.hpp"

#include <utility>

namespace gantry::inline GANTRY_ABI::executorch {
namespace {

using ::executorch::runtime::etensor::ScalarType;

constexpr std::pair<DType, ScalarType> kTypes[] = {
    {DType::kF32, ScalarType::Float},  {DType::kF16, ScalarType::Half}, {DType::kBF16, ScalarType::BFloat16},
    {DType::kF64, ScalarType::Double}, {DType::kU8, ScalarType::Byte},  {DType::kI8, ScalarType::Char},
    {DType::kI16, ScalarType::Short},  {DType::kI32, ScalarType::Int},  {DType::kI64, ScalarType::Long},
    {DType::kBool, ScalarType::Bool}};

}  // namespace

ScalarType to_scalar_type(DType dtype) {
  for (const auto& [ours, theirs] : kTypes)
    if (ours == dtype) return theirs;
  return ScalarType::Undefined;
}

std::optional<DType> to_dtype(ScalarType type) {
  for (const auto& [ours, theirs] : kTypes)
    if (theirs == type) return ours;
  return std::nullopt;
}

}  // namespace gantry::inline GANTRY_ABI::executorch
