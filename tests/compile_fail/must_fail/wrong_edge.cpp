// SPDX-License-Identifier: Apache-2.0
// expect: gantry: the left stage's output type is not the right stage's input type
#include <gantry/stage.hpp>
#include <string>

namespace g = gantry;

int main() {
#ifdef GANTRY_CORRECT
  const auto chain =
      g::stage("size", [](std::string s) { return s.size(); }) | g::stage("neg", [](std::size_t) { return 1; });
  static_cast<void>(chain);
#else
  const auto chain = g::stage("size", [](std::string s) { return s.size(); }) | g::stage("neg", [](int) { return 1; });
  static_cast<void>(chain);
#endif
}
