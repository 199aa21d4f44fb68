// SPDX-License-Identifier: Apache-2.0
// The memory of payloads: tensors and bytes may share a large block, or refer to memory of the host application.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <vector>

#include <gantry/bytes.hpp>
#include <gantry/export.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detail {

/// How the library treats the memory that a payload refers to.
enum class MemoryCare {
  kCompact,  ///< copies a view of a block more than four times its size, and releases the block
  kOwn,      ///< copies memory without an owner, which may vanish when the caller returns; throws if out of memory
};

GANTRY_API void settle_memory(Tensor& tensor, MemoryCare care);
GANTRY_API void settle_memory(Bytes& bytes, MemoryCare care);

/// Specialised by types that hold tensors or bytes.
template <class T>
struct Memory {
  static constexpr bool needed = false;
  static void settle(T&, MemoryCare) {}
};

template <>
struct Memory<Tensor> {
  static constexpr bool needed = true;
  static void settle(Tensor& tensor, MemoryCare care) { settle_memory(tensor, care); }
};
template <>
struct Memory<Bytes> {
  static constexpr bool needed = true;
  static void settle(Bytes& bytes, MemoryCare care) { settle_memory(bytes, care); }
};
template <>
struct Memory<Tensors> {
  static constexpr bool needed = true;
  static void settle(Tensors& tensors, MemoryCare care) {
    for (std::size_t i = 0; i < tensors.size(); ++i) settle_memory(tensors[i].tensor, care);
  }
};
template <class T>
struct Memory<std::vector<T>> {
  static constexpr bool needed = Memory<T>::needed;
  static void settle(std::vector<T>& list, MemoryCare care) {
    if constexpr (needed)
      for (auto& item : list) Memory<T>::settle(item, care);
  }
};
template <class... Ts>
struct Memory<std::tuple<Ts...>> {
  static constexpr bool needed = (Memory<Ts>::needed || ...);
  static void settle(std::tuple<Ts...>& tuple, MemoryCare care) {
    std::apply([care](auto&... item) { (Memory<std::decay_t<decltype(item)>>::settle(item, care), ...); }, tuple);
  }
};

}  // namespace detail
}  // namespace GANTRY_ABI
}  // namespace gantry
