// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gantry/image/image.hpp>
#include <gantry/result.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// A copy of the image as RGB, without alpha. Errors: resource_exhausted.
GANTRY_API Result<Image> rgb_copy(const Image& image);

}  // namespace gantry::inline GANTRY_ABI::detail
