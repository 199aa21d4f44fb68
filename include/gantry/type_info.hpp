// SPDX-License-Identifier: Apache-2.0
// TypeInfo: what the pipeline knows of a payload type: how to move, copy and destroy one, and how to take lists and
// tuples apart. value.hpp makes one for each type.
//
// Types are compared by type_info equality plus size and alignment, so that they match across shared libraries with
// hidden visibility. Edges are checked once, when a pipeline is built, never per run.
#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include <gantry/export.hpp>
#include <gantry/payload_memory.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detail {

class Value;
struct TypeInfo;

/// How a std::vector<T> is taken apart and put together.
struct ListOps {
  const TypeInfo& (*element)();
  std::size_t (*size)(const void* list);
  const void* (*at)(const void* list, std::size_t index);
  void (*explode)(void* list, Value* items);          ///< moves size() items out
  Value (*collect)(Value* items, std::size_t count);  ///< moves items in
};

/// How a std::tuple<Ts...> is put together and looked into.
struct TupleOps {
  std::size_t arity;
  const TypeInfo& (*element)(std::size_t index);
  Value (*collect)(Value* items);
  const void* (*at)(const void* tuple, std::size_t index);
};

/// What the pipeline knows of a payload type.
struct TypeInfo {
  const std::type_info* id;
  std::size_t size;
  std::size_t align;
  bool fits_inline;
  std::string (*name)();
  void (*destroy)(void*) noexcept;
  void (*relocate)(void* from, void* to) noexcept;  ///< inline types only
  Value (*copy)(const void*);                       ///< nullptr if not copyable
  void (*settle)(void*, MemoryCare);                ///< nullptr if the type looks at no shared memory
  const ListOps* list;                              ///< nullptr unless std::vector
  const TupleOps* tuple;                            ///< nullptr unless std::tuple
  const TypeInfo& (*list_of)();                     ///< nullptr for vectors of vectors
};

inline bool same_type(const TypeInfo& a, const TypeInfo& b) {
  return &a == &b || (*a.id == *b.id && a.size == b.size && a.align == b.align);
}

/// std::is_copy_constructible says yes for a vector of a move-only type.
template <class T>
struct IsCopyable : std::is_copy_constructible<T> {};
template <class T>
struct IsCopyable<std::vector<T>> : IsCopyable<T> {};
template <class... Ts>
struct IsCopyable<std::tuple<Ts...>> : std::conjunction<IsCopyable<Ts>...> {};

}  // namespace detail
}  // namespace GANTRY_ABI
}  // namespace gantry
