// SPDX-License-Identifier: Apache-2.0
// The tensors of a detector's head: found by name, checked, and made dense.
#pragma once

#include <cstdint>
#include <gantry/result.hpp>
#include <gantry/tensor.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// One axis that is expected: its extent, or its least one and what a message calls it.
struct HeadAxis {
  /// Exactly `extent`.
  HeadAxis(std::int64_t extent) : least(extent), is_exact(true), text(std::to_string(extent)) {}  // NOLINT
  /// Whatever is at least `low`: {"N"}, {"4 + C", 5}.
  HeadAxis(const char* name, std::int64_t low = 0) : least(low), is_exact(false), text(name) {}  // NOLINT

  std::int64_t least;
  bool is_exact;
  std::string text;
};

/// The tensor in row-major order; invalid_argument, "tensor 'boxes': expected f32[N, 4] on the CPU, got f32[3]", where
/// it is another. `what` is what the message calls it.
Result<Tensor> head_tensor(const Tensor& tensor, const std::string& what, const std::vector<HeadAxis>& axes,
                           DType dtype = DType::kF32);
/// The same of the tensor of that name; invalid_argument, with the names there are, if there is none.
Result<Tensor> head_tensor(const Tensors& outputs, const std::string& name, const std::vector<HeadAxis>& axes,
                           DType dtype = DType::kF32);
/// "tensor 'boxes'".
std::string tensor_text(const std::string& name);
/// "f32[N, 4]".
std::string axes_text(const std::vector<HeadAxis>& axes, DType dtype = DType::kF32);
/// Of a tensor that is not there.
Error no_tensor(const Tensors& outputs, const std::string& name);
/// Parameters that name a tensor: not empty.
Result<void> check_tensor_name(const char* parameter, const std::string& name);

/// The values of a tensor that head_tensor() has made.
template <class T = float>
const T* values_of(const Tensor& tensor) {
  return static_cast<const T*>(tensor.data());
}

}  // namespace gantry::inline GANTRY_ABI::detail
