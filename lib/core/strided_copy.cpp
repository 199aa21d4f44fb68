// SPDX-License-Identifier: Apache-2.0
// Copies the longest dense tail of dimensions with memcpy and walks the rest.
#include "core/strided_copy.hpp"

#include <array>
#include <cstdint>
#include <cstring>

namespace gantry::inline GANTRY_ABI::detail {

void copy_strided(void* target, const void* source, const Shape& shape, const Shape& strides, std::size_t item_size) {
  std::size_t outer = shape.rank();
  std::int64_t run = 1;
  while (outer > 0 && (strides[outer - 1] == run || shape[outer - 1] == 1)) run *= shape[--outer];
  const std::size_t run_bytes = static_cast<std::size_t>(run) * item_size;

  std::array<std::int64_t, Shape::kMaxRank> index{};
  auto* out = static_cast<std::byte*>(target);
  const auto* in = static_cast<const std::byte*>(source);
  const auto item = static_cast<std::int64_t>(item_size);
  for (;;) {
    std::memcpy(out, in, run_bytes);
    out += run_bytes;
    std::size_t axis = outer;
    while (axis-- > 0) {
      in += strides[axis] * item;
      if (++index[axis] < shape[axis]) break;
      in -= strides[axis] * shape[axis] * item;
      index[axis] = 0;
    }
    if (axis == static_cast<std::size_t>(-1)) return;
  }
}

}  // namespace gantry::inline GANTRY_ABI::detail
