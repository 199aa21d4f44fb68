// SPDX-License-Identifier: Apache-2.0
// Calls functions of a codec, which may be the host's code and throw.
#pragma once

#include <gantry/codec.hpp>
#include <gantry/node.hpp>
#include <gantry/translate_exception.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

inline std::string title_of(const ErasedCodec& codec) {
  return "codec '" + codec.name + "'";
}

/// Returns the result of `call`; an exception becomes an error that names the codec.
template <class F>
auto guarded(const ErasedCodec& codec, F call) -> decltype(call()) {
  try {
    return call();
  } catch (...) {
    return translate_exception().within(title_of(codec));
  }
}

/// unsupported: "Image cannot be read from JSON: its codec 'image' has no read_json".
inline Error lacks(const ErasedCodec& codec, const std::string& cannot_be, const std::string& what) {
  return Error(ErrorCode::kUnsupported,
               codec.type->name() + " cannot be " + cannot_be + ": its codec '" + codec.name + "' has no " + what);
}

}  // namespace gantry::inline GANTRY_ABI::detail
