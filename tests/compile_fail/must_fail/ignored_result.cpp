// SPDX-License-Identifier: Apache-2.0
// expect: nodiscard
#pragma GCC diagnostic error "-Wunused-result"
#include <gantry/bytes.hpp>

int main() {
#ifdef GANTRY_CORRECT
  static_cast<void>(gantry::read_file("x"));
#else
  gantry::read_file("x");
#endif
}
