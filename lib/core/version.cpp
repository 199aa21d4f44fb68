// SPDX-License-Identifier: Apache-2.0
#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI {

const char* version() noexcept {
  return GANTRY_VERSION_STRING;
}

}  // namespace gantry::inline GANTRY_ABI
