// SPDX-License-Identifier: Apache-2.0
// error_or_out_of_memory: makes an Error where nothing may be thrown, such as in a destructor, in a worker's job, or
// between taking a resource and returning it.
#pragma once

#include <gantry/error.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// The result of `make`; Error::out_of_memory() if it throws.
template <class Make>
Error error_or_out_of_memory(Make make) noexcept {
  try {
    return make();
  } catch (...) {
    return Error::out_of_memory();
  }
}

}  // namespace gantry::inline GANTRY_ABI::detail
