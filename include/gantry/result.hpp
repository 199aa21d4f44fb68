// SPDX-License-Identifier: Apache-2.0
// Result<T>: a T, or the Error that explains why there is none.
//
//   gantry::Result<Bytes> file = gantry::read_file("cat.jpg");
//   if (!file) return file.error();
//   use(*file);
//
// Nothing in gantry throws across its public boundary except Result::value() on an error.
#pragma once

#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

#include <gantry/error.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Thrown by Result::value() when there is no value; what() is Error::to_string().
class GANTRY_API ResultError : public std::runtime_error {
 public:
  explicit ResultError(Error error);
  ~ResultError() override;
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

namespace detail {
[[noreturn]] GANTRY_API void throw_result_error(const Error& error);
}

/// A value or an Error, never both, never neither.
///
/// Ownership: owns its value.
/// Threads:   thread-compatible.
/// Errors:    value() throws ResultError when there is none; operator* and -> are unchecked.
/// Cost:      no allocation of its own.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& value() & { return require(), *std::get_if<0>(&state_); }
  const T& value() const& { return require(), *std::get_if<0>(&state_); }
  /// By value, so that `for (auto& x : f().value())` is safe.
  T value() && { return require(), std::move(*std::get_if<0>(&state_)); }
  T value_or(T fallback) && { return ok() ? std::move(*std::get_if<0>(&state_)) : std::move(fallback); }

  T& operator*() & { return *std::get_if<0>(&state_); }
  const T& operator*() const& { return *std::get_if<0>(&state_); }
  T operator*() && { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }

  /// The error; only when !ok().
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  void require() const {
    if (!ok()) detail::throw_result_error(error());
  }
  std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const noexcept { return error_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }
  void value() const {
    if (!ok()) detail::throw_result_error(error());
  }
  const Error& error() const& { return *std::get_if<1>(&error_); }
  Error error() && { return std::move(*std::get_if<1>(&error_)); }

 private:
  std::variant<std::monostate, Error> error_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
