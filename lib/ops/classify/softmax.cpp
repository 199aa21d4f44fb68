// SPDX-License-Identifier: Apache-2.0
// softmax and sigmoid over float32.
#include <cmath>
#include <gantry/classify.hpp>
#include <limits>
#include <string>
#include <utility>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

struct Scale {
  float temperature;
};

Result<void> check(double temperature) {
  const auto rounded = static_cast<float>(temperature);
  if (rounded > 0 && std::isfinite(rounded)) return {};
  return Error(ErrorCode::kInvalidArgument,
               "temperature must be a finite number above 0 in float32, got " + detail::to_text(temperature));
}

/// Empty for 1, which changes nothing.
std::string text_of(double temperature) {
  return temperature == 1 ? std::string() : "temperature=" + detail::to_text(temperature);
}

/// A dense f32 input on the CPU, and an output of the same shape.
struct Elementwise {
  Tensor input;
  Tensor output;
};

Result<Elementwise> prepare(const Tensor& tensor) {
  if (tensor.dtype() != DType::kF32 || !tensor.device().is_cpu())
    return Error(ErrorCode::kInvalidArgument, "expected a tensor of f32 on the CPU, got " + tensor.to_string());
  GANTRY_ASSIGN_OR_RETURN(auto input, tensor.contiguous());
  GANTRY_ASSIGN_OR_RETURN(auto output, Tensor::make(DType::kF32, tensor.shape()));
  return Elementwise{std::move(input), std::move(output)};
}

/// Sums in double: with thousands of classes float32 would lose the last digits.
void softmax_row(const float* in, float* out, std::size_t count, float temperature) {
  for (std::size_t i = 0; i < count; ++i) out[i] = in[i] / temperature;
  float largest = -std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < count; ++i) largest = out[i] > largest ? out[i] : largest;
  double sum = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = std::exp(out[i] - largest);
    sum += static_cast<double>(out[i]);
  }
  const auto divisor = static_cast<float>(sum);
  for (std::size_t i = 0; i < count; ++i) out[i] /= divisor;
}

Result<Tensor> run_softmax(const Scale& scale, const Tensor& tensor) {
  if (tensor.rank() == 0 || tensor.shape()[tensor.rank() - 1] == 0)
    return Error(ErrorCode::kInvalidArgument,
                 "softmax needs a last axis with at least one element, got " + tensor.to_string());
  GANTRY_ASSIGN_OR_RETURN(auto buffers, prepare(tensor));
  const auto count = static_cast<std::size_t>(tensor.shape()[tensor.rank() - 1]);
  const std::size_t rows = static_cast<std::size_t>(tensor.numel()) / count;
  const auto* in = static_cast<const float*>(buffers.input.data());
  auto* out = static_cast<float*>(buffers.output.mutable_data());
  for (std::size_t row = 0; row < rows; ++row)
    softmax_row(in + row * count, out + row * count, count, scale.temperature);
  return std::move(buffers.output);
}

Result<Tensor> run_sigmoid(const Scale& scale, const Tensor& tensor) {
  GANTRY_ASSIGN_OR_RETURN(auto buffers, prepare(tensor));
  const auto* in = static_cast<const float*>(buffers.input.data());
  auto* out = static_cast<float*>(buffers.output.mutable_data());
  for (std::int64_t i = 0; i < tensor.numel(); ++i) out[i] = 1.0f / (1.0f + std::exp(-(in[i] / scale.temperature)));
  return std::move(buffers.output);
}

}  // namespace

Stage<Tensor, Tensor> softmax(double temperature) {
  return detail::make_op<Tensor, Tensor>(
      "softmax", Scale{static_cast<float>(temperature)}, text_of(temperature), check(temperature),
      [](const Scale& scale, Tensor&& tensor) { return run_softmax(scale, tensor); });
}

Stage<Tensor, Tensor> sigmoid(double temperature) {
  return detail::make_op<Tensor, Tensor>(
      "sigmoid", Scale{static_cast<float>(temperature)}, text_of(temperature), check(temperature),
      [](const Scale& scale, Tensor&& tensor) { return run_sigmoid(scale, tensor); });
}

}  // namespace gantry::inline GANTRY_ABI
