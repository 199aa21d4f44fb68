// SPDX-License-Identifier: Apache-2.0
// Decides which stages of a chain run as one step. Plan and explain() use the same function, so that they agree.
#pragma once

#include <gantry/node.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// The step that stages[0] forms with the stages after it; without a step if it runs alone.
inline Fusion next_fusion(Span<const Branch> stages) {
  const Node& first = *stages[0].node;
  return first.kernel && !first.error && !first.check ? first.kernel->fuse(stages) : Fusion();
}

}  // namespace gantry::inline GANTRY_ABI::detail
