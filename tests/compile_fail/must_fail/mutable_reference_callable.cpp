// SPDX-License-Identifier: Apache-2.0
// expect: gantry: a stage's callable takes its input by value, const reference or rvalue reference
#include <gantry/stage.hpp>

namespace g = gantry;

int main() {
#ifdef GANTRY_CORRECT
  g::stage("change", [](int&& x) { return x; });
#else
  g::stage("change", [](int& x) { return x; });
#endif
}
