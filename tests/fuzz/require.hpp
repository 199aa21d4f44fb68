// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>

namespace gantry::test {

/// Ends the process where it does not hold, which is what a fuzzer reports.
inline void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace gantry::test
