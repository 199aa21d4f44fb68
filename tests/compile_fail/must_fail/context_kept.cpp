// SPDX-License-Identifier: Apache-2.0
// expect: deleted
// A context lives as long as the callable runs: it cannot be copied to be kept.
#include <gantry/call_context.hpp>

namespace g = gantry;

int main() {
#ifdef GANTRY_CORRECT
  const g::CallContext& kept = g::CallContext::none();
#else
  const g::CallContext kept = g::CallContext::none();
#endif
  static_cast<void>(kept);
}
