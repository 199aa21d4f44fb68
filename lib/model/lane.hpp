// SPDX-License-Identifier: Apache-2.0
// Lane: where batches of a model are computed, one at a time: an instance of its engine.
#pragma once

#include <gantry/engine.hpp>
#include <memory>

#include "runtime/policy/fair_queue.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct Lane {
  std::unique_ptr<EngineInstance> instance;
  Clock::time_point began{};  ///< its last engine call; CallQueue knows it by that
};

}  // namespace gantry::inline GANTRY_ABI::detail
