// SPDX-License-Identifier: Apache-2.0
// Between gantry's tensors and LibTorch's.
#pragma once

#include <ATen/core/Tensor.h>

#include <gantry/signature.hpp>
#include <gantry/tensor.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::libtorch {

/// The tensor as LibTorch sees it, over the same memory, which it keeps alive. The tensor must be contiguous and on the
/// CPU. Copies only what is not aligned to its element size. May throw.
at::Tensor to_torch(const Tensor& tensor);

/// A model's inputs, in the order they have, on `device`. May throw.
std::vector<at::Tensor> to_torch(const Tensors& inputs, c10::Device device);

/// A model's outputs as contiguous tensors on the CPU, under the names that `specs` gives them. Each owns its memory
/// alone: what aliases an input, a weight or another output, or is a small part of a larger block, is copied.
/// model_error if their number is wrong or one is of a kind that gantry does not have. May throw.
Result<Tensors> from_torch(std::vector<at::Tensor> outputs, const std::vector<TensorSpec>& specs);

}  // namespace gantry::inline GANTRY_ABI::libtorch
