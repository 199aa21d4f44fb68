// SPDX-License-Identifier: Apache-2.0
// Error messages name the tensor, what was expected, and what was given.
#include "ops/detect/head_tensor.hpp"

#include <gantry/dtype.hpp>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

bool fits(const Shape& shape, const std::vector<HeadAxis>& axes) {
  if (shape.rank() != axes.size()) return false;
  for (std::size_t i = 0; i < axes.size(); ++i)
    if (axes[i].is_exact ? shape[i] != axes[i].least : shape[i] < axes[i].least) return false;
  return true;
}

}  // namespace

std::string tensor_text(const std::string& name) {
  return "tensor '" + name + "'";
}

std::string axes_text(const std::vector<HeadAxis>& axes, DType dtype) {
  std::string text = std::string(to_string(dtype)) + "[";
  for (std::size_t i = 0; i < axes.size(); ++i) text += (i == 0 ? "" : ", ") + axes[i].text;
  return text + "]";
}

Error no_tensor(const Tensors& outputs, const std::string& name) {
  std::string names;
  for (const NamedTensor& output : outputs) names += (names.empty() ? "" : ", ") + output.name;
  return Error(ErrorCode::kInvalidArgument,
               tensor_text(name) + " is missing; there " + (outputs.empty() ? "are none" : "are " + names));
}

Result<void> check_tensor_name(const char* parameter, const std::string& name) {
  if (!name.empty()) return {};
  return Error(ErrorCode::kInvalidArgument, std::string(parameter) + " must be the name of a tensor, got ''");
}

Result<Tensor> head_tensor(const Tensor& tensor, const std::string& what, const std::vector<HeadAxis>& axes,
                           DType dtype) {
  if (tensor.dtype() == dtype && tensor.device().is_cpu() && fits(tensor.shape(), axes)) return tensor.contiguous();
  return Error(ErrorCode::kInvalidArgument,
               what + ": expected " + axes_text(axes, dtype) + " on the CPU, got " + tensor.to_string());
}

Result<Tensor> head_tensor(const Tensors& outputs, const std::string& name, const std::vector<HeadAxis>& axes,
                           DType dtype) {
  const Tensor* const tensor = outputs.find(name);
  if (tensor == nullptr) return no_tensor(outputs, name);
  return head_tensor(*tensor, tensor_text(name), axes, dtype);
}

}  // namespace gantry::inline GANTRY_ABI::detail
