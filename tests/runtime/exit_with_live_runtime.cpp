// SPDX-License-Identifier: Apache-2.0
// Leaves main() with a busy runtime that nobody destroys: exit must refuse what is queued, wait for what runs, and end
// without a crash. Prints what the queued request was answered.
#include <atomic>
#include <cstdio>
#include <gantry/pipeline.hpp>
#include <memory>

#include "support/gate.hpp"

namespace g = gantry;

// Never destroyed: that is the point. A global, so that leak checkers see that it is meant.
g::Pipeline<int, int>* pipeline = nullptr;

int main() {
  static auto* const gate = new g::test::Gate;
  gate->close();
  g::RuntimeOptions options;
  options.workers = 1;
  auto runtime = g::Runtime::create(options).value();
  const auto chain = g::stage("hold", [](int x) {
    gate->pass();
    return x;
  });
  pipeline = new g::Pipeline<int, int>(g::compile(chain, runtime).value());
  pipeline->submit(1, {}, [](g::Result<int>) {});
  gate->wait_for_arrivals(1);
  pipeline->submit(2, {}, [](g::Result<int> result) {
    std::printf("answered: %s\n", result ? "ok" : g::to_string(result.error().code()));
    gate->open();  // the first request may now finish, which exit waits for
  });
  return 0;
}
