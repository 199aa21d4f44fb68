// SPDX-License-Identifier: Apache-2.0
// Converts inputs without a copy, and outputs without an alias.
#include "engine/torch/tensor_bridge.hpp"

#include <algorithm>
#include <cstdint>
#include <gantry/interop/torch.hpp>
#include <utility>

#include "engine/torch/activation_cache.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

/// An output may keep a block of at most this many times its own size alive.
constexpr std::size_t kMaxPinnedFactor = 4;

bool is_aligned(const Tensor& tensor) {
  return reinterpret_cast<std::uintptr_t>(tensor.data()) % size_of(tensor.dtype()) == 0;
}

/// Whether `tensor` (strided, contiguous, on the CPU) is the only reference to its memory. It is not if it aliases an
/// input, a weight of the model, or another output.
bool owns_its_memory(const at::Tensor& tensor) {
  const c10::DataPtr& memory = tensor.storage().data_ptr();
  const std::size_t block = std::max(tensor.storage().nbytes(), ActivationCache::bytes_of(memory.get_context()));
  return tensor.use_count() == 1 && tensor.storage().use_count() == 1 && block <= kMaxPinnedFactor * tensor.nbytes();
}

Result<Tensor> convert(at::Tensor output) {
  if (!output.defined()) return Error(ErrorCode::kModelError, "it is None");
  // Resolves lazily negated views, which interop refuses but models may return. Other refusals are left to interop.
  at::Tensor dense = std::move(output);
  if (!dense.device().is_cpu()) dense = dense.to(c10::kCPU);
  if (dense.is_neg()) dense = dense.resolve_neg();
  if (dense.layout() == c10::kStrided) {
    if (!dense.is_contiguous()) dense = dense.contiguous();
    if (!owns_its_memory(dense)) dense = dense.clone(c10::MemoryFormat::Contiguous);
  }
  return interop::from_torch(std::move(dense));
}

}  // namespace

at::Tensor to_torch(const Tensor& tensor) {
  return interop::to_torch(is_aligned(tensor) ? tensor : tensor.clone().value());
}

std::vector<at::Tensor> to_torch(const Tensors& inputs, c10::Device device) {
  std::vector<at::Tensor> converted;
  converted.reserve(inputs.size());
  for (const NamedTensor& input : inputs) {
    converted.push_back(to_torch(input.tensor));
    if (!device.is_cpu()) converted.back() = converted.back().to(device);
  }
  return converted;
}

Result<Tensors> from_torch(std::vector<at::Tensor> outputs, const std::vector<TensorSpec>& specs) {
  if (outputs.size() != specs.size())
    return Error(ErrorCode::kModelError, "the model gave " + std::to_string(outputs.size()) +
                                             " outputs, its signature has " + std::to_string(specs.size()));
  Tensors converted;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    auto tensor = convert(std::move(outputs[i]));
    if (!tensor) return Error(ErrorCode::kModelError, "output '" + specs[i].name + "': " + tensor.error().message());
    converted.add(specs[i].name, *std::move(tensor));
  }
  return converted;
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
