// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gantry/payload.hpp>
#include <gantry/result.hpp>
#include <utility>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Converts a value or error for callers that know the type only at run time.
inline Result<Payload> boxed(Result<Value> value) {
  GANTRY_RETURN_IF_ERROR(value);
  return Payload(*std::move(value));
}

}  // namespace gantry::inline GANTRY_ABI::detail
