// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gantry/payload.hpp>
#include <gantry/result.hpp>
#include <utility>

namespace gantry::detail {

/// A value, or why there is none, as those get it who know its type only at run time.
inline Result<Payload> boxed(Result<Value> value) {
  if (!value) return std::move(value).error();
  return Payload(*std::move(value));
}

}  // namespace gantry::detail
