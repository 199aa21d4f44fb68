// SPDX-License-Identifier: Apache-2.0
// Converts gantry's tensors to LibTorch's and back, for a host application that uses LibTorch itself. Opt-in: no other
// header of gantry includes LibTorch; this one needs its include directories and, from LibTorch 2.13 on, C++20.
//
//   at::Tensor picture = gantry::interop::to_torch(tensor);
//   gantry::Tensor features = gantry::interop::from_torch(net.forward(picture)).value();
//
// Nothing is copied: both tensors refer to the same memory and keep it alive.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gantry/result.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace interop {

/// The LibTorch element type for a DType.
inline c10::ScalarType to_torch(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return c10::kFloat;
    case DType::kF16:
      return c10::kHalf;
    case DType::kBF16:
      return c10::kBFloat16;
    case DType::kF64:
      return c10::kDouble;
    case DType::kU8:
      return c10::kByte;
    case DType::kI8:
      return c10::kChar;
    case DType::kI16:
      return c10::kShort;
    case DType::kI32:
      return c10::kInt;
    case DType::kI64:
      return c10::kLong;
    case DType::kBool:
      return c10::kBool;
  }
  return c10::ScalarType::Undefined;
}

/// The DType for a LibTorch element type; nullopt for types that gantry does not have (complex, quantised, ...).
inline std::optional<DType> from_torch(c10::ScalarType type) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kF64, DType::kU8, DType::kI8, DType::kI16,
                            DType::kI32, DType::kI64, DType::kBool})
    if (to_torch(dtype) == type) return dtype;
  return std::nullopt;
}

/// The same memory as a LibTorch tensor with the same shape, strides and device. Every holder of `tensor` sees writes
/// through it. Throws LibTorch's exceptions, for instance for a CUDA tensor without CUDA.
inline at::Tensor to_torch(const Tensor& tensor) {
  Tensor shared = tensor;
  void* data = shared.mutable_data();
  const c10::Device device = tensor.device().is_cpu()
                                 ? c10::Device(c10::kCPU)
                                 : c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(tensor.device().index()));
  return at::from_blob(
      data, at::IntArrayRef(tensor.shape().data(), tensor.rank()),
      at::IntArrayRef(tensor.strides().data(), tensor.rank()), [shared](void*) {},
      at::TensorOptions(to_torch(tensor.dtype())).device(device), device);
}

/// The same memory as a gantry tensor. invalid_argument for a tensor that is undefined, sparse, of more than
/// Shape::kMaxRank dimensions, of an element type that gantry does not have, on a device other than CPU and CUDA, or a
/// lazily negated or conjugated view.
inline Result<Tensor> from_torch(at::Tensor tensor) {
  const auto refuse = [](const std::string& why) {
    return Error(ErrorCode::kInvalidArgument, "a LibTorch tensor that " + why + " cannot be a gantry tensor");
  };
  if (!tensor.defined()) return refuse("is undefined");
  if (tensor.layout() != c10::kStrided) return refuse("is not strided");
  if (tensor.is_neg() || tensor.is_conj()) return refuse("is a lazily negated or conjugated view");
  const auto dtype = from_torch(tensor.scalar_type());
  if (!dtype) return refuse(std::string("has element type ") + c10::toString(tensor.scalar_type()));
  if (!tensor.device().is_cpu() && !tensor.device().is_cuda()) return refuse("is on " + tensor.device().str());
  const Shape shape(Span<const std::int64_t>(tensor.sizes().data(), tensor.sizes().size()));
  const Shape strides(Span<const std::int64_t>(tensor.strides().data(), tensor.strides().size()));
  if (shape.overflowed()) return refuse("has " + std::to_string(tensor.dim()) + " dimensions");
  const Device device = tensor.device().is_cpu() ? Device::cpu() : Device::cuda(tensor.device().index());
  auto owner = std::make_shared<at::Tensor>(std::move(tensor));
  return Tensor::wrap(owner->data_ptr(), *dtype, shape, owner, strides, device);
}

}  // namespace interop
}  // namespace GANTRY_ABI
}  // namespace gantry
