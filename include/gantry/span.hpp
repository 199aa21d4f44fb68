// SPDX-License-Identifier: Apache-2.0
// Span: a pointer and a length, the C++17 stand-in for std::span.
//
// gantry's public layouts never depend on __cplusplus, so they do not use std::span. A Span does not own its data; it
// is valid as long as the data it refers to.
#pragma once

#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>

#include <gantry/version.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// A non-owning view of `size()` consecutive objects.
///
/// Ownership: none; the viewed range must outlive the span.
/// Threads:   immutable.
/// Errors:    none; operator[] is unchecked.
/// Cost:      two words.
template <class T>
class Span {
 public:
  constexpr Span() = default;
  constexpr Span(T* data, std::size_t size) : data_(data), size_(size) {}

  template <std::size_t N>
  constexpr Span(T (&array)[N]) : data_(array), size_(N) {}  // NOLINT(google-explicit-constructor)

  /// From anything with data() and size(): std::vector, std::array, std::string, another Span.
  template <class Range, class Pointer = decltype(std::data(std::declval<Range&>())),
            class = std::enable_if_t<std::is_convertible_v<Pointer, T*>>>
  constexpr Span(Range&& range) : data_(std::data(range)), size_(std::size(range)) {}  // NOLINT

  constexpr T* data() const { return data_; }
  constexpr std::size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr T& operator[](std::size_t index) const { return data_[index]; }
  constexpr T* begin() const { return data_; }
  constexpr T* end() const { return data_ + size_; }
  constexpr Span subspan(std::size_t offset, std::size_t count) const { return {data_ + offset, count}; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
