// SPDX-License-Identifier: Apache-2.0
// error_or_out_of_memory: an Error where nothing may be thrown, such as in a destructor, in a job of a worker, or
// between taking something and giving it back.
#pragma once

#include <gantry/error.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// What `make` gives; Error::out_of_memory() if it throws.
template <class Make>
Error error_or_out_of_memory(Make make) noexcept {
  try {
    return make();
  } catch (...) {
    return Error::out_of_memory();
  }
}

}  // namespace gantry::inline GANTRY_ABI::detail
