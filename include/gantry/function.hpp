// SPDX-License-Identifier: Apache-2.0
// Function: a move-only std::function, for continuations and completion callbacks.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include <gantry/version.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

template <class Signature>
class Function;

/// A move-only callable; 48 bytes are held inline.
///
/// Ownership: owns its target.
/// Threads:   as its target.
/// Errors:    calling an empty Function is undefined; test with operator bool.
/// Cost:      one indirect call; allocates only for targets over 48 bytes.
template <class R, class... Args>
class Function<R(Args...)> {
 public:
  Function() = default;

  template <class F, class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, Function> &&
                                              std::is_invocable_r_v<R, std::decay_t<F>&, Args...>>>
  Function(F&& target) {  // NOLINT(google-explicit-constructor)
    using Target = std::decay_t<F>;
    if constexpr (fits<Target>()) {
      new (buffer_) Target(std::forward<F>(target));
      table_ = &inline_table<Target>;
    } else {
      new (buffer_) Target*(new Target(std::forward<F>(target)));
      table_ = &heap_table<Target>;
    }
  }
  Function(Function&& other) noexcept { take(other); }
  Function& operator=(Function&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~Function() { reset(); }

  explicit operator bool() const noexcept { return table_ != nullptr; }
  R operator()(Args... args) { return table_->call(buffer_, std::forward<Args>(args)...); }

 private:
  struct Table {
    R (*call)(void*, Args...);
    void (*relocate)(void* from, void* to) noexcept;
    void (*destroy)(void*) noexcept;
  };
  static constexpr std::size_t kInline = 48;

  template <class Target>
  static constexpr bool fits() {
    return sizeof(Target) <= kInline && alignof(Target) <= alignof(std::max_align_t) &&
           std::is_nothrow_move_constructible_v<Target>;
  }

  template <class Target>
  static constexpr Table inline_table = {
      [](void* self, Args... args) -> R {
        if constexpr (std::is_void_v<R>)
          static_cast<void>((*static_cast<Target*>(self))(std::forward<Args>(args)...));
        else
          return (*static_cast<Target*>(self))(std::forward<Args>(args)...);
      },
      [](void* from, void* to) noexcept {
        new (to) Target(std::move(*static_cast<Target*>(from)));
        static_cast<Target*>(from)->~Target();
      },
      [](void* self) noexcept { static_cast<Target*>(self)->~Target(); }};

  template <class Target>
  static constexpr Table heap_table = {
      [](void* self, Args... args) -> R {
        if constexpr (std::is_void_v<R>)
          static_cast<void>((**static_cast<Target**>(self))(std::forward<Args>(args)...));
        else
          return (**static_cast<Target**>(self))(std::forward<Args>(args)...);
      },
      [](void* from, void* to) noexcept { new (to) Target*(*static_cast<Target**>(from)); },
      [](void* self) noexcept { delete *static_cast<Target**>(self); }};

  void take(Function& other) noexcept {
    if (!other.table_) return;
    other.table_->relocate(other.buffer_, buffer_);
    table_ = std::exchange(other.table_, nullptr);
  }
  void reset() noexcept {
    if (table_) std::exchange(table_, nullptr)->destroy(buffer_);
  }

  alignas(std::max_align_t) unsigned char buffer_[kInline];
  const Table* table_ = nullptr;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
