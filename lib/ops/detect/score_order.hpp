// SPDX-License-Identifier: Apache-2.0
// The order in which boxes are processed: by descending score.
#pragma once

#include <cstdint>
#include <gantry/span.hpp>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// Indices by descending score, NaN first, equal scores (0 equals -0) in their order: torch.sort(descending=True,
/// stable=True). At most 2^32 scores. Cost: three passes over the indices.
std::vector<std::uint32_t> order_by_score(Span<const float> scores);

}  // namespace gantry::inline GANTRY_ABI::detail
