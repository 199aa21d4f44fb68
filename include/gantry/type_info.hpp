// SPDX-License-Identifier: Apache-2.0
// TypeInfo: the operations of a payload type: how to move, copy and destroy a value, and how to take lists and tuples
// apart. value.hpp creates one for each type.
//
// Types are equal if their type_info, size and alignment are equal, so that they match across shared libraries with
// hidden visibility. Building a pipeline checks its edges once; runs do not check them.
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

/// How to take a std::vector<T> apart and put it together.
struct ListOps {
  const TypeInfo& (*element)();
  std::size_t (*size)(const void* list);
  const void* (*at)(const void* list, std::size_t index);
  void (*explode)(void* list, Value* items);          ///< moves size() items out
  Value (*collect)(Value* items, std::size_t count);  ///< moves items in
};

/// How to put a std::tuple<Ts...> together and read its items.
struct TupleOps {
  std::size_t arity;
  const TypeInfo& (*element)(std::size_t index);
  Value (*collect)(Value* items);
  const void* (*at)(const void* tuple, std::size_t index);
};

/// The operations of a payload type.
struct TypeInfo {
  const std::type_info* id;
  std::size_t size;
  std::size_t align;
  bool fits_inline;
  std::string (*name)();
  void (*destroy)(void*) noexcept;
  void (*relocate)(void* from, void* to) noexcept;  ///< inline types only
  Value (*copy)(const void*);                       ///< nullptr if not copyable
  void (*settle)(void*, MemoryCare);                ///< nullptr if the type refers to no shared memory
  const ListOps* list;                              ///< nullptr unless std::vector
  const TupleOps* tuple;                            ///< nullptr unless std::tuple
  const TypeInfo& (*list_of)();                     ///< nullptr for vectors of vectors
};

inline bool same_type(const TypeInfo& a, const TypeInfo& b) {
  return &a == &b || (*a.id == *b.id && a.size == b.size && a.align == b.align);
}

/// std::is_copy_constructible is true for a vector of a move-only type; this is not.
template <class T>
struct IsCopyable : std::is_copy_constructible<T> {};
template <class T>
struct IsCopyable<std::vector<T>> : IsCopyable<T> {};
template <class... Ts>
struct IsCopyable<std::tuple<Ts...>> : std::conjunction<IsCopyable<Ts>...> {};

}  // namespace detail
}  // namespace GANTRY_ABI
}  // namespace gantry
