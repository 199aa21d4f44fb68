// SPDX-License-Identifier: Apache-2.0
// expect: gantry: a stage's callable has one call operator with its types written out
#include <gantry/stage.hpp>

namespace g = gantry;

int main() {
#ifdef GANTRY_CORRECT
  g::stage("add", [](int x) { return x + 1; });
#else
  g::stage("add", [](auto x) { return x + 1; });
#endif
}
