// SPDX-License-Identifier: Apache-2.0
// l2_normalize: rows of the last axis divided by their lengths.
#include <cmath>
#include <cstddef>
#include <gantry/embeddings.hpp>
#include <string>
#include <utility>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "ops/embeddings/vector_rows.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

Result<Tensor> run_l2_normalize(double eps, const Tensor& tensor) {
  if (tensor.dtype() != DType::kF32 || !tensor.device().is_cpu() || tensor.rank() == 0 ||
      tensor.shape()[tensor.rank() - 1] == 0)
    return Error(ErrorCode::kInvalidArgument,
                 "expected f32 on the CPU with a last axis of at least one element, got " + tensor.to_string());
  GANTRY_ASSIGN_OR_RETURN(auto input, tensor.contiguous());
  auto output = Tensor::make(DType::kF32, tensor.shape());
  if (!output) return output;
  const auto width = static_cast<std::size_t>(tensor.shape()[tensor.rank() - 1]);
  const std::size_t rows = static_cast<std::size_t>(tensor.numel()) / width;
  const auto* in = static_cast<const float*>(input.data());
  auto* out = static_cast<float*>(output->mutable_data());
  const auto least = static_cast<float>(eps);
  for (std::size_t row = 0; row < rows; ++row, in += width, out += width) {
    const auto length = static_cast<float>(detail::length_of(in, width));
    const float divisor = length < least ? least : length;  // NaN stays NaN
    for (std::size_t i = 0; i < width; ++i) out[i] = in[i] / divisor;
  }
  return output;
}

}  // namespace

Stage<Tensor, Tensor> l2_normalize(double eps) {
  Result<void> check;
  if (!(eps >= 1e-37 && std::isfinite(eps)))
    check = Error(ErrorCode::kInvalidArgument, "eps must be finite and at least 1e-37, got " + detail::to_text(eps));
  return detail::make_op<Tensor, Tensor>("l2_normalize", eps, "eps=" + detail::to_text(eps), std::move(check),
                                         [](double p, Tensor&& tensor) { return run_l2_normalize(p, tensor); });
}

}  // namespace gantry::inline GANTRY_ABI
