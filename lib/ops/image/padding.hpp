// SPDX-License-Identifier: Apache-2.0
// Borders made of the image itself.
#pragma once

#include "ops/image/geometry.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Thread-safe. Errors: resource_exhausted. Cost: one image.
Result<Image> extended(const Image& source, const Extend& extend);

}  // namespace gantry::inline GANTRY_ABI::detail
