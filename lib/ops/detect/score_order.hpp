// SPDX-License-Identifier: Apache-2.0
// The order in which boxes are looked at: by falling score.
#pragma once

#include <cstdint>
#include <gantry/span.hpp>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// Indices by falling score, equal ones (0 and -0 are) in their order, NaN first: torch.sort(descending=True,
/// stable=True). At most 2^32 scores. Cost: three passes over the indices.
std::vector<std::uint32_t> order_by_score(Span<const float> scores);

}  // namespace gantry::inline GANTRY_ABI::detail
