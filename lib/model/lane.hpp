// SPDX-License-Identifier: Apache-2.0
// Lane: an engine instance of a model, which computes one batch at a time.
#pragma once

#include <gantry/engine.hpp>
#include <memory>

#include "runtime/policy/fair_queue.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct Lane {
  std::unique_ptr<EngineInstance> instance;
  Clock::time_point began{};  ///< start of its last engine call, by which CallQueue identifies it
};

}  // namespace gantry::inline GANTRY_ABI::detail
