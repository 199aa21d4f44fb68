// SPDX-License-Identifier: Apache-2.0
// expect: gantry: fork needs a copyable input
#include <gantry/stage.hpp>
#include <memory>

namespace g = gantry;

int main() {
#ifdef GANTRY_CORRECT
  const auto open = g::stage("open", [](std::shared_ptr<int> x) { return *x; });
  g::fork(open, open);
#else
  const auto open = g::stage("open", [](std::unique_ptr<int> x) { return *x; });
  g::fork(open, open);
#endif
}
