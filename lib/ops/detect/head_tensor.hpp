// SPDX-License-Identifier: Apache-2.0
// The tensors of a detector's head: found by name, checked, and made contiguous.
#pragma once

#include <cstdint>
#include <gantry/result.hpp>
#include <gantry/tensor.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// An expected axis: its extent, or its least extent and its name in messages.
struct HeadAxis {
  /// Exactly `extent`.
  HeadAxis(std::int64_t extent) : least(extent), is_exact(true), text(std::to_string(extent)) {}  // NOLINT
  /// Any extent of at least `low`: {"N"}, {"4 + C", 5}.
  HeadAxis(const char* name, std::int64_t low = 0) : least(low), is_exact(false), text(name) {}  // NOLINT

  std::int64_t least;
  bool is_exact;
  std::string text;
};

/// The tensor in row-major order. If it does not match, invalid_argument: "tensor 'boxes': expected f32[N, 4] on the
/// CPU, got f32[3]". `what` is its name in the message.
Result<Tensor> head_tensor(const Tensor& tensor, const std::string& what, const std::vector<HeadAxis>& axes,
                           DType dtype = DType::kF32);
/// The same for the tensor of that name. If it is missing, invalid_argument with the existing names.
Result<Tensor> head_tensor(const Tensors& outputs, const std::string& name, const std::vector<HeadAxis>& axes,
                           DType dtype = DType::kF32);
/// "tensor 'boxes'".
std::string tensor_text(const std::string& name);
/// "f32[N, 4]".
std::string axes_text(const std::vector<HeadAxis>& axes, DType dtype = DType::kF32);
/// The error for a missing tensor.
Error no_tensor(const Tensors& outputs, const std::string& name);
/// A parameter that names a tensor must not be empty.
Result<void> check_tensor_name(const char* parameter, const std::string& name);

/// The values of a tensor from head_tensor().
template <class T = float>
const T* values_of(const Tensor& tensor) {
  return static_cast<const T*>(tensor.data());
}

}  // namespace gantry::inline GANTRY_ABI::detail
