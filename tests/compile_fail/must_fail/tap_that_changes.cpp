// SPDX-License-Identifier: Apache-2.0
// expect: gantry: tap needs a const-callable observer of const T&
#include <gantry/stage.hpp>

namespace g = gantry;

int main() {
#ifdef GANTRY_CORRECT
  g::tap<int>("look", [](const int&) {});
#else
  g::tap<int>("look", [](int&) {});
#endif
}
