// SPDX-License-Identifier: Apache-2.0
// Which stages of a chain run as one step. The plan and explain() ask the same function, so that they agree.
#pragma once

#include <gantry/node.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// What stages[0] makes of itself and of those after it; no step if it runs alone.
inline Fusion next_fusion(Span<const Branch> stages) {
  const Node& first = *stages[0].node;
  return first.kernel && !first.error && !first.check ? first.kernel->fuse(stages) : Fusion();
}

}  // namespace gantry::inline GANTRY_ABI::detail
