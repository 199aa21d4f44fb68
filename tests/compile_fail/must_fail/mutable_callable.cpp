// SPDX-License-Identifier: Apache-2.0
// expect: gantry: a stage's callable must be const: it is called by several threads at once
#include <gantry/stage.hpp>

namespace g = gantry;

int main() {
#ifdef GANTRY_CORRECT
  g::stage("count", [n = 0](int x) { return x + n; });
#else
  g::stage("count", [n = 0](int x) mutable { return x + ++n; });
#endif
}
