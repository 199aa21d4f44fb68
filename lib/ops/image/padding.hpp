// SPDX-License-Identifier: Apache-2.0
// Padding with a constant.
#pragma once

#include <gantry/image.hpp>

namespace gantry::detail {

/// `source` with a border of `options.value` in every channel; shared pixels if there is no border.
/// Thread-safe. Errors: resource_exhausted. Cost: one image.
Result<Image> padded(const Image& source, const image::Pad& options);

}  // namespace gantry::detail
