// SPDX-License-Identifier: Apache-2.0
// expect: gantry: a stage's callable must return a value; use tap() to only look at one
#include <gantry/stage.hpp>

namespace g = gantry;

int main() {
#ifdef GANTRY_CORRECT
  g::tap<int>("look", [](const int&) {});
#else
  g::stage("look", [](int) {});
#endif
}
