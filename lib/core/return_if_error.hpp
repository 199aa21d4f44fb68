// SPDX-License-Identifier: Apache-2.0
// Macros that return the error of a failed call; all of lib/ uses them.
//
//   Result<Image> load(const std::string& path) {
//     GANTRY_RETURN_IF_ERROR(check_name(path));
//     GANTRY_ASSIGN_OR_RETURN(const auto file, read_file(path));
//     return decode(file);
//   }
//
// To add a scope or change the message (`.error().within(...)`), return the error explicitly.
#pragma once

#include <gantry/result.hpp>
#include <optional>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

template <class T>
bool has_error(const Result<T>& outcome) noexcept {
  return !outcome.ok();
}
inline bool has_error(const std::optional<Error>& outcome) noexcept {
  return outcome.has_value();
}

/// The error of `outcome`, which must have one: copied from an lvalue, moved from an rvalue.
template <class T>
Error error_in(const Result<T>& outcome) noexcept {
  return outcome.error();
}
template <class T>
Error error_in(Result<T>&& outcome) noexcept {
  return std::move(outcome).error();
}
inline Error error_in(const std::optional<Error>& outcome) noexcept {
  return *outcome;
}
inline Error error_in(std::optional<Error>&& outcome) noexcept {
  return *std::move(outcome);
}

}  // namespace gantry::inline GANTRY_ABI::detail

/// Evaluates the expression once. If it has an error, returns that error from the enclosing function or lambda. The
/// expression is a Result, whose value is ignored, or an std::optional<Error>. The value is destroyed at once; one that
/// must be kept, such as a lock, needs GANTRY_ASSIGN_OR_RETURN.
#define GANTRY_RETURN_IF_ERROR(...) GANTRY_DETAIL_RETURN_IF_ERROR(GANTRY_DETAIL_OUTCOME(__COUNTER__), __VA_ARGS__)

/// The same for a Result whose value is needed: moves it into `target`, a declaration without a comma or an existing
/// variable. Expands to several statements, so it needs braces behind an `if` or a `for`.
#define GANTRY_ASSIGN_OR_RETURN(target, ...) \
  GANTRY_DETAIL_ASSIGN_OR_RETURN(GANTRY_DETAIL_OUTCOME(__COUNTER__), target, __VA_ARGS__)

// Variable names come from __COUNTER__, not __LINE__: an expression may contain a lambda that uses the macros on the
// same line.
#define GANTRY_DETAIL_OUTCOME(number) GANTRY_DETAIL_JOIN(gantry_outcome_, number)
#define GANTRY_DETAIL_JOIN(name, number) name##number

#define GANTRY_DETAIL_RETURN_IF_ERROR(outcome, ...)                                \
  do {                                                                             \
    if (auto&& outcome = __VA_ARGS__; ::gantry::detail::has_error(outcome))        \
      return ::gantry::detail::error_in(std::forward<decltype(outcome)>(outcome)); \
  } while (false)

#define GANTRY_DETAIL_ASSIGN_OR_RETURN(outcome, target, ...)                     \
  auto&& outcome = __VA_ARGS__;                                                  \
  if (::gantry::detail::has_error(outcome))                                      \
    return ::gantry::detail::error_in(std::forward<decltype(outcome)>(outcome)); \
  target = *std::forward<decltype(outcome)>(outcome)
