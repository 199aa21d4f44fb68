// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <gantry/payload_memory.hpp>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

void settle_memory(Tensor& tensor, MemoryCare care) {
  constexpr std::size_t kRatio = 4;
  constexpr std::size_t kAlwaysKept = 64;  // one allocation unit
  if (care == MemoryCare::kOwn) {
    if (!tensor.owner() && tensor.numel() > 0) tensor = tensor.clone().value();
    return;
  }
  const std::size_t pinned = tensor.storage_bytes();
  if (pinned <= kAlwaysKept || pinned <= kRatio * tensor.size_bytes()) return;
  auto copy = tensor.clone();
  if (copy) tensor = *std::move(copy);  // no memory for a copy: keep the view, which holds the larger block
}

void settle_memory(Bytes& bytes, MemoryCare care) {
  if (care == MemoryCare::kOwn && !bytes.has_owner()) bytes = Bytes::copy(bytes.data(), bytes.size());
}

}  // namespace gantry::inline GANTRY_ABI::detail
