// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::test {

/// Ends the process where it does not hold, which is what a fuzzer reports.
inline void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace gantry::inline GANTRY_ABI::test
