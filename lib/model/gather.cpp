// SPDX-License-Identifier: Apache-2.0
#include "model/gather.hpp"

#include <algorithm>
#include <cstring>

namespace gantry::detail {

Result<Tensors> join_rows(Span<const Tensors* const> calls) {
  if (calls.size() == 1) return *calls[0];
  Tensors joined;
  for (std::size_t input = 0; input < calls[0]->size(); ++input) {
    const Tensor& first = (*calls[0])[input].tensor;
    std::vector<std::int64_t> dims(first.shape().begin(), first.shape().end());
    dims[0] = 0;
    for (const Tensors* call : calls) dims[0] += (*call)[input].tensor.shape()[0];
    auto block = Tensor::make(first.dtype(), Shape(Span<const std::int64_t>(dims)));
    if (!block) return std::move(block).error();
    auto* target = static_cast<std::byte*>(block->mutable_data());
    for (const Tensors* call : calls) {
      auto dense = (*call)[input].tensor.contiguous();
      if (!dense) return std::move(dense).error();
      if (dense->size_bytes() > 0) std::memcpy(target, dense->data(), dense->size_bytes());
      target += dense->size_bytes();
    }
    joined.add((*calls[0])[input].name, *std::move(block));
  }
  return joined;
}

Result<Tensors> take_rows(const Tensors& batch, std::int64_t begin, std::int64_t end) {
  Tensors rows;
  for (const NamedTensor& item : batch) {
    auto part = item.tensor.slice(0, begin, end);
    if (!part) return std::move(part).error();
    rows.add(item.name, *std::move(part));
  }
  return rows;
}

bool have_same_samples(const Tensors& a, const Tensors& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Shape& left = a[i].tensor.shape();
    const Shape& right = b[i].tensor.shape();
    if (left.rank() != right.rank() || !std::equal(left.begin() + 1, left.end(), right.begin() + 1)) return false;
  }
  return true;
}

}  // namespace gantry::detail
