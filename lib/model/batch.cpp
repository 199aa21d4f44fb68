// SPDX-License-Identifier: Apache-2.0
// stack() copies only what does not lie in one block already.
#include "model/batch.hpp"

#include <cstring>
#include <string>

namespace gantry::detail {
namespace {

bool are_consecutive(Span<const Tensor> samples) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!samples[i].is_contiguous()) return false;
    if (i == 0) continue;
    const auto* expected = static_cast<const std::byte*>(samples[i - 1].data()) + samples[i - 1].size_bytes();
    if (samples[i].data() != expected || !samples[i].shares_storage_with(samples[0])) return false;
  }
  return true;
}

Error too_many_dimensions(const Tensor& sample) {
  return Error(ErrorCode::kInvalidArgument, "a sample " + sample.to_string() + " leaves no room for a batch axis");
}

}  // namespace

Result<Tensor> stack(Span<const Tensor> samples) {
  const Tensor& first = samples[0];
  const Shape shape = first.shape().with_front(static_cast<std::int64_t>(samples.size()));
  if (shape.overflowed()) return too_many_dimensions(first);
  for (const Tensor& sample : samples)
    if (!sample.device().is_cpu())
      return Error(ErrorCode::kInvalidArgument, "only tensors on the CPU can be stacked, got " + sample.to_string());
  if (are_consecutive(samples))
    return Tensor::wrap(const_cast<void*>(first.data()), first.dtype(), shape, first.owner());
  auto block = Tensor::make(first.dtype(), shape);
  if (!block) return block;
  auto* target = static_cast<std::byte*>(block->mutable_data());
  for (const Tensor& sample : samples) {
    auto dense = sample.contiguous();
    if (!dense) return dense;
    if (dense->size_bytes() > 0) std::memcpy(target, dense->data(), dense->size_bytes());
    target += dense->size_bytes();
  }
  return block;
}

Result<Tensor> unstack(const Tensor& batch, std::int64_t index) {
  return batch.select(0, index);
}

}  // namespace gantry::detail
