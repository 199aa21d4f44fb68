// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <gantry/tensor_ops.hpp>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/parameters.hpp"
#include "ops/tensor/planes.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

/// A target size, or a number of which both sides become multiples.
struct Target {
  std::int64_t width;
  std::int64_t height;
  std::int64_t multiple;
  float value;
};

Result<void> check_size(const Target& target) {
  if (target.multiple != 0) return detail::check_side("multiple", target.multiple);
  GANTRY_RETURN_IF_ERROR(detail::check_side("width", target.width));
  return detail::check_side("height", target.height);
}

Result<void> check(const Target& target) {
  GANTRY_RETURN_IF_ERROR(check_size(target));
  if (std::isfinite(target.value)) return {};
  return Error(ErrorCode::kInvalidArgument, "value must be finite in float32, got " + detail::to_text(target.value));
}

Result<void> check_fits(const Target& target, const detail::Planes& planes) {
  if (planes.width > target.width || planes.height > target.height)
    return Error(ErrorCode::kInvalidArgument, "planes of " + std::to_string(planes.width) + "x" +
                                                  std::to_string(planes.height) + " are larger than " +
                                                  std::to_string(target.width) + "x" + std::to_string(target.height));
  const auto value_bytes = static_cast<std::int64_t>(sizeof(float));
  if (planes.count <= detail::kMaxImageSize / value_bytes / target.width / target.height) return {};
  return Error(ErrorCode::kResourceExhausted,
               "a result of more than " + std::to_string(detail::kMaxImageSize) + " bytes")
      .with_reason(ErrorReason::kInputTooLarge);
}

Target with_size(Target target, const detail::Planes& planes) {
  if (target.multiple == 0) return target;
  target.width = (planes.width + target.multiple - 1) / target.multiple * target.multiple;
  target.height = (planes.height + target.multiple - 1) / target.multiple * target.multiple;
  return target;
}

Result<Tensor> run(const Target& given, const Tensor& tensor) {
  GANTRY_ASSIGN_OR_RETURN(const auto planes, detail::planes_of(tensor));
  const Target target = with_size(given, planes);
  GANTRY_RETURN_IF_ERROR(check_fits(target, planes));
  const Shape shape = tensor.rank() == 3 ? Shape{planes.channels, target.height, target.width}
                                         : Shape{tensor.shape()[0], planes.channels, target.height, target.width};
  auto result = Tensor::make(DType::kF32, shape);
  if (!result) return result;
  auto* out = static_cast<float*>(result->mutable_data());
  const float* in = planes.values;
  for (std::int64_t plane = 0; plane < planes.count; ++plane) {
    for (std::int64_t y = 0; y < planes.height; ++y, in += planes.width) {
      out = std::copy_n(in, planes.width, out);
      out = std::fill_n(out, target.width - planes.width, target.value);
    }
    out = std::fill_n(out, (target.height - planes.height) * target.width, target.value);
  }
  return result;
}

Stage<Tensor, Tensor> make_stage(const Target& target, const std::string& size, Result<void> ok) {
  return detail::make_op<Tensor, Tensor>("pad_to", target, size + ", value=" + detail::to_text(target.value),
                                         std::move(ok),
                                         [](const Target& p, const Tensor& tensor) { return run(p, tensor); });
}

}  // namespace

Stage<Tensor, Tensor> pad_to(std::int64_t width, std::int64_t height, float value) {
  const Target target{width, height, 0, value};
  return make_stage(target, "width=" + std::to_string(width) + ", height=" + std::to_string(height), check(target));
}

Stage<Tensor, Tensor> pad_to_multiple(std::int64_t multiple, float value) {
  const Target target{0, 0, multiple, value};
  return make_stage(target, "multiple=" + std::to_string(multiple),
                    multiple == 0 ? detail::check_side("multiple", multiple) : check(target));
}

}  // namespace gantry::inline GANTRY_ABI
