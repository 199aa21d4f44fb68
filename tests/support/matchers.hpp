// SPDX-License-Identifier: Apache-2.0
// Matchers for Result and Error, so that a failing test prints the error.
#pragma once

#include <gmock/gmock.h>

#include <gantry/result.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::test {

inline const Error& error_of(const Error& error) {
  return error;
}
template <class T>
const Error& error_of(const Result<T>& result) {
  return result.error();
}

MATCHER(IsOk, negation ? "is an error" : "is ok") {
  if (arg.ok()) return true;
  *result_listener << "which is the error " << arg.error().to_string();
  return false;
}

/// The error has this code, and `text` is a part of to_string().
MATCHER_P2(FailsWith, code, text,
           std::string("is the error ") + gantry::to_string(code) + " with the text '" + std::string(text) + "'") {
  if (arg.ok()) {
    *result_listener << "which is ok";
    return false;
  }
  const Error& error = error_of(arg);
  *result_listener << "which is the error " << error.to_string();
  return error.code() == code && error.to_string().find(text) != std::string::npos;
}

MATCHER_P(HasCode, code, std::string("is the error ") + gantry::to_string(code)) {
  if (arg.ok()) {
    *result_listener << "which is ok";
    return false;
  }
  *result_listener << "which is the error " << error_of(arg).to_string();
  return error_of(arg).code() == code;
}

}  // namespace gantry::inline GANTRY_ABI::test
