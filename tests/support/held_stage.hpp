// SPDX-License-Identifier: Apache-2.0
// A stage that a test holds: requests are stopped by a gate, never by a sleep.
#pragma once

#include <gantry/stage.hpp>
#include <memory>

#include "support/gate.hpp"

namespace gantry::inline GANTRY_ABI::test {

/// x + 1, held by `gate`.
inline Stage<int, int> held_stage(const std::shared_ptr<Gate>& gate) {
  return stage("hold", [gate](int x) {
    gate->pass();
    return x + 1;
  });
}

}  // namespace gantry::inline GANTRY_ABI::test
