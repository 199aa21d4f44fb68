// SPDX-License-Identifier: Apache-2.0
// Copies only tensors that are not yet contiguous in one block.
#include "model/batch.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {
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

/// Concatenates `parts` into one tensor of `shape`.
Result<Tensor> concatenate(Span<const Tensor> parts, const Shape& shape) {
  const Tensor& first = parts[0];
  for (const Tensor& part : parts)
    if (!part.device().is_cpu())
      return Error(ErrorCode::kInvalidArgument, "only tensors on the CPU can be stacked, got " + part.to_string());
  if (are_consecutive(parts)) return Tensor::wrap(const_cast<void*>(first.data()), first.dtype(), shape, first.owner());
  auto block = Tensor::make(first.dtype(), shape);
  if (!block) return block;
  auto* target = static_cast<std::byte*>(block->mutable_data());
  for (const Tensor& part : parts) {
    auto dense = part.contiguous();
    if (!dense) return dense;
    if (dense->size_bytes() > 0) std::memcpy(target, dense->data(), dense->size_bytes());
    target += dense->size_bytes();
  }
  return block;
}

}  // namespace

Result<Tensor> stack(Span<const Tensor> samples) {
  const Shape shape = samples[0].shape().with_front(static_cast<std::int64_t>(samples.size()));
  if (shape.overflowed())
    return Error(ErrorCode::kInvalidArgument,
                 "a sample " + samples[0].to_string() + " leaves no room for a batch axis");
  return concatenate(samples, shape);
}

Result<Tensor> unstack(const Tensor& batch, std::int64_t index) {
  return batch.select(0, index);
}

Result<Tensor> join_rows(Span<const Tensor> batches) {
  Shape shape = batches[0].shape();
  for (const Tensor& batch : batches.subspan(1, batches.size() - 1)) shape[0] += batch.shape()[0];
  return concatenate(batches, shape);
}

Result<Tensors> join_rows(Span<const Tensors* const> batches) {
  Tensors joined;
  std::vector<Tensor> parts(batches.size());
  for (std::size_t i = 0; i < batches[0]->size(); ++i) {
    for (std::size_t k = 0; k < parts.size(); ++k) parts[k] = (*batches[k])[i].tensor;
    GANTRY_ASSIGN_OR_RETURN(auto whole, join_rows(Span<const Tensor>(parts)));
    joined.add((*batches[0])[i].name, std::move(whole));
  }
  return joined;
}

Result<Tensors> take_rows(const Tensors& batch, std::int64_t begin, std::int64_t end) {
  Tensors rows;
  for (const NamedTensor& item : batch) {
    GANTRY_ASSIGN_OR_RETURN(auto part, item.tensor.slice(0, begin, end));
    rows.add(item.name, std::move(part));
  }
  return rows;
}

bool have_same_samples(const Tensors& a, const Tensors& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Shape& left = a[i].tensor.shape();
    const Shape& right = b[i].tensor.shape();
    if (left.rank() != right.rank() || !std::equal(left.begin() + 1, left.end(), right.begin() + 1)) return false;
  }
  return true;
}

}  // namespace gantry::inline GANTRY_ABI::detail
