// SPDX-License-Identifier: Apache-2.0
// Converts between gantry's tensors and LibTorch's.
#pragma once

#include <ATen/core/Tensor.h>

#include <gantry/signature.hpp>
#include <gantry/tensor.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::libtorch {

/// A LibTorch tensor over the same memory, which it keeps alive. The tensor must be contiguous and on the CPU. Copies
/// only a tensor that is not aligned to its element size. May throw.
at::Tensor to_torch(const Tensor& tensor);

/// A model's inputs, in the same order, on `device`. May throw.
std::vector<at::Tensor> to_torch(const Tensors& inputs, c10::Device device);

/// A model's outputs as contiguous tensors on the CPU, with the names of `specs`. Each owns its memory exclusively: an
/// output that aliases an input, a weight or another output, or is a small part of a larger block, is copied.
/// model_error for a wrong number of outputs, or one of a dtype that gantry does not have. May throw.
Result<Tensors> from_torch(std::vector<at::Tensor> outputs, const std::vector<TensorSpec>& specs);

}  // namespace gantry::inline GANTRY_ABI::libtorch
