// SPDX-License-Identifier: Apache-2.0
// expect: gantry: a stage's callable takes its input, and nothing else but a const CallContext&
#include <gantry/stage.hpp>

namespace g = gantry;

int main() {
#ifdef GANTRY_CORRECT
  g::stage("add", [](int x, const g::CallContext&) { return x + 1; });
#else
  g::stage("add", [](int x, int y) { return x + y; });
#endif
}
