// SPDX-License-Identifier: Apache-2.0
// expect: gantry: fork needs a copyable input
#include <gantry/stage.hpp>
#include <memory>
#include <vector>

namespace g = gantry;

int main() {
#ifdef GANTRY_CORRECT
  const auto count = g::stage("count", [](std::vector<int> x) { return x.size(); });
  g::fork(count, count);
#else
  const auto count = g::stage("count", [](std::vector<std::unique_ptr<int> > x) { return x.size(); });
  g::fork(count, count);
#endif
}
