// SPDX-License-Identifier: Apache-2.0
// Value: a move-only box for one payload of any type. It is the type-erased side of the typed front end; host
// applications need it only for extensions such as engines.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include <gantry/demangled_name.hpp>
#include <gantry/type_info.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detail {

template <class T>
const TypeInfo& type_of();

/// One payload; move-only, 48 bytes inline.
class Value {
 public:
  Value() = default;
  template <class T, class = std::enable_if_t<!std::is_same_v<std::decay_t<T>, Value>>>
  explicit Value(T&& payload);
  Value(Value&& other) noexcept { take(other); }
  Value& operator=(Value&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~Value() { reset(); }

  bool has_value() const { return type_ != nullptr; }
  const TypeInfo& type() const { return *type_; }
  void* data() { return type_->fits_inline ? static_cast<void*>(buffer_) : heap(); }
  const void* data() const { return const_cast<Value*>(this)->data(); }
  /// Unchecked: building the pipeline checked the edge.
  template <class T>
  T& get() {
    return *static_cast<T*>(data());
  }
  template <class T>
  const T& get() const {
    return *static_cast<const T*>(data());
  }
  /// An empty Value if the type is not copyable.
  Value copy() const { return type_->copy ? type_->copy(data()) : Value(); }
  void reset() noexcept {
    if (type_) std::exchange(type_, nullptr)->destroy(buffer_);
  }

  static constexpr std::size_t kInline = 48;

 private:
  void* heap() { return *reinterpret_cast<void**>(buffer_); }
  void take(Value& other) noexcept {
    if (!other.type_) return;
    other.type_->relocate(other.buffer_, buffer_);
    type_ = std::exchange(other.type_, nullptr);
  }

  alignas(std::max_align_t) unsigned char buffer_[kInline];
  const TypeInfo* type_ = nullptr;
};

/// The result of a fork without a stated tuple type: a config opened without C++ types, as the gantry tool does.
struct ValueTuple {
  explicit ValueTuple(std::vector<Value> values) : items(std::move(values)) {}
  ValueTuple(ValueTuple&&) noexcept = default;
  ValueTuple& operator=(ValueTuple&&) noexcept = default;
  std::vector<Value> items;
};

template <class T>
struct TypeTraits {
  static std::string name() { return demangled_name(typeid(T)); }
  static constexpr const ListOps* list = nullptr;
  static constexpr const TupleOps* tuple = nullptr;
  static constexpr int list_depth = 0;
};

template <class T>
struct TypeTraits<std::vector<T>> {
  static std::string name() { return "list<" + TypeTraits<T>::name() + ">"; }
  static constexpr ListOps ops = {&type_of<T>,
                                  [](const void* list) { return static_cast<const std::vector<T>*>(list)->size(); },
                                  [](const void* list, std::size_t index) -> const void* {
                                    static constexpr bool kBools[] = {false, true};
                                    const auto& items = *static_cast<const std::vector<T>*>(list);
                                    if constexpr (std::is_same_v<T, bool>)  // has no items to point to
                                      return &kBools[items[index]];
                                    else
                                      return &items[index];
                                  },
                                  [](void* list, Value* items) {
                                    for (auto&& item : *static_cast<std::vector<T>*>(list))
                                      *items++ = Value(T(std::move(item)));  // T: std::vector<bool> gives proxies
                                  },
                                  [](Value* items, std::size_t count) {
                                    std::vector<T> list;
                                    list.reserve(count);
                                    for (std::size_t i = 0; i < count; ++i)
                                      list.push_back(std::move(items[i].template get<T>()));
                                    return Value(std::move(list));
                                  }};
  static constexpr const ListOps* list = &ops;
  static constexpr const TupleOps* tuple = nullptr;
  static constexpr int list_depth = TypeTraits<T>::list_depth + 1;
};

template <class... Ts>
struct TypeTraits<std::tuple<Ts...>> {
  using Tuple = std::tuple<Ts...>;
  static std::string name() {
    std::string text;
    ((text += (text.empty() ? "" : ", ") + TypeTraits<Ts>::name()), ...);
    return "tuple<" + text + ">";
  }
  template <std::size_t... I>
  static Value collect(Value* items, std::index_sequence<I...>) {
    return Value(Tuple(std::move(items[I].template get<Ts>())...));
  }
  template <std::size_t... I>
  static const void* element_of(const Tuple& whole, std::size_t index, std::index_sequence<I...>) {
    const void* elements[] = {std::addressof(std::get<I>(whole))...};
    return elements[index];
  }
  static constexpr TupleOps ops = {sizeof...(Ts),
                                   [](std::size_t index) -> const TypeInfo& {
                                     const TypeInfo* infos[] = {&type_of<Ts>()...};
                                     return *infos[index];
                                   },
                                   [](Value* items) { return collect(items, std::index_sequence_for<Ts...>()); },
                                   [](const void* tuple, std::size_t index) {
                                     return element_of(*static_cast<const Tuple*>(tuple), index,
                                                       std::index_sequence_for<Ts...>());
                                   }};
  static constexpr const ListOps* list = nullptr;
  static constexpr const TupleOps* tuple = &ops;
  static constexpr int list_depth = 0;
};

template <>
struct TypeTraits<ValueTuple> {
  static std::string name() { return "tuple"; }
  static constexpr const ListOps* list = nullptr;
  static constexpr const TupleOps* tuple = nullptr;
  static constexpr int list_depth = 0;
};

template <>
struct Memory<ValueTuple> {
  static constexpr bool needed = true;
  static void settle(ValueTuple& tuple, MemoryCare care) {
    for (Value& item : tuple.items)
      if (item.has_value() && item.type().settle) item.type().settle(item.data(), care);
  }
};
template <class T>
constexpr bool fits_inline() {
  return sizeof(T) <= Value::kInline && alignof(T) <= alignof(std::max_align_t) &&
         std::is_nothrow_move_constructible_v<T>;
}

template <class T>
constexpr TypeInfo make_type_info() {
  TypeInfo info{};
  info.size = sizeof(T);
  info.align = alignof(T);
  info.fits_inline = fits_inline<T>();
  info.name = &TypeTraits<T>::name;
  if constexpr (fits_inline<T>()) {
    info.destroy = [](void* self) noexcept { static_cast<T*>(self)->~T(); };
    info.relocate = [](void* from, void* to) noexcept {
      new (to) T(std::move(*static_cast<T*>(from)));
      static_cast<T*>(from)->~T();
    };
  } else {
    info.destroy = [](void* self) noexcept { delete *static_cast<T**>(self); };
    info.relocate = [](void* from, void* to) noexcept { new (to) T*(*static_cast<T**>(from)); };
  }
  if constexpr (IsCopyable<T>::value) {
    info.copy = [](const void* self) { return Value(T(*static_cast<const T*>(self))); };
  }
  if constexpr (Memory<T>::needed) {
    info.settle = [](void* self, MemoryCare care) { Memory<T>::settle(*static_cast<T*>(self), care); };
  }
  info.list = TypeTraits<T>::list;
  info.tuple = TypeTraits<T>::tuple;
  if constexpr (TypeTraits<T>::list_depth < 2) info.list_of = &type_of<std::vector<T>>;
  return info;
}

template <class T>
const TypeInfo& type_of() {
  static_assert(std::is_same_v<T, std::decay_t<T>>, "gantry: payload types are plain values");
  static_assert(std::is_move_constructible_v<T>, "gantry: a payload type must be movable");
  static const TypeInfo info = [] {
    TypeInfo made = make_type_info<T>();
    made.id = &typeid(T);
    return made;
  }();
  return info;
}

template <class T, class>
Value::Value(T&& payload) {
  using Payload = std::decay_t<T>;
  if constexpr (detail::fits_inline<Payload>())
    new (buffer_) Payload(std::forward<T>(payload));
  else
    new (buffer_) Payload*(new Payload(std::forward<T>(payload)));
  type_ = &type_of<Payload>();
}

}  // namespace detail
}  // namespace GANTRY_ABI
}  // namespace gantry
