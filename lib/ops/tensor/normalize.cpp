// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <gantry/tensor_ops.hpp>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/parameters.hpp"
#include "ops/tensor/planes.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

struct Numbers {
  std::vector<float> mean;
  std::vector<float> std;
};

Result<void> check(const Numbers& numbers) {
  for (const auto& [name, list] : {std::pair("mean", &numbers.mean), std::pair("std", &numbers.std)}) {
    if (list->empty()) return Error(ErrorCode::kInvalidArgument, std::string(name) + " needs at least one number");
    for (const float number : *list)
      if (!std::isfinite(number))
        return Error(ErrorCode::kInvalidArgument,
                     std::string(name) + " must be finite in float32, got " + detail::to_text(number));
  }
  for (const float number : numbers.std)
    if (number == 0.0f) return Error(ErrorCode::kInvalidArgument, "std must not be 0 in float32");
  return {};
}

Result<void> check_count(const char* name, const std::vector<float>& numbers, std::int64_t channels) {
  if (numbers.size() == 1 || static_cast<std::int64_t>(numbers.size()) == channels) return {};
  return Error(ErrorCode::kInvalidArgument, std::string(name) + " has " + std::to_string(numbers.size()) +
                                                " numbers, but the tensor " + std::to_string(channels) + " channels");
}

Result<Tensor> run(const Numbers& numbers, const Tensor& tensor) {
  GANTRY_ASSIGN_OR_RETURN(const auto planes, detail::planes_of(tensor));
  GANTRY_RETURN_IF_ERROR(check_count("mean", numbers.mean, planes.channels));
  GANTRY_RETURN_IF_ERROR(check_count("std", numbers.std, planes.channels));
  auto result = Tensor::make(DType::kF32, tensor.shape());
  if (!result) return result;
  auto* out = static_cast<float*>(result->mutable_data());
  const float* in = planes.values;
  for (std::int64_t plane = 0; plane < planes.count; ++plane) {
    const auto channel = static_cast<std::size_t>(plane % planes.channels);
    const float mean = numbers.mean[numbers.mean.size() == 1 ? 0 : channel];
    const float std = numbers.std[numbers.std.size() == 1 ? 0 : channel];
    for (std::int64_t i = 0; i < planes.height * planes.width; ++i) *out++ = (*in++ - mean) / std;
  }
  return result;
}

}  // namespace

Stage<Tensor, Tensor> normalize(const std::vector<float>& mean, const std::vector<float>& std) {
  const Numbers numbers{mean, std};
  return detail::make_op<Tensor, Tensor>(
      "normalize", numbers, "mean=" + detail::to_text(mean) + ", std=" + detail::to_text(std), check(numbers),
      [](const Numbers& p, const Tensor& tensor) { return run(p, tensor); });
}

}  // namespace gantry::inline GANTRY_ABI
