// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gantry/image/image.hpp>
#include <gantry/result.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// An image of its own with the same pixels, as RGB; alpha is dropped. Errors: resource_exhausted.
GANTRY_API Result<Image> rgb_copy(const Image& image);

}  // namespace gantry::inline GANTRY_ABI::detail
