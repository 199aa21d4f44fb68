// SPDX-License-Identifier: Apache-2.0
// Resampling of 8-bit images, bit-equal to Pillow's Image.resize (src/libImaging/Resample.c, src/PIL/Image.py).
#pragma once

#include <cstdint>
#include <gantry/image.hpp>

namespace gantry::detail {

/// `source` at width x height, each at least 1. Antialiased on downscaling; RGBA is resampled premultiplied. The same
/// size gives the same pixels, shared.
/// Thread-safe. Errors: resource_exhausted. Cost: 2 * support * pixels multiplications, one intermediate image.
Result<Image> resample(const Image& source, std::int64_t width, std::int64_t height, const image::Resampling& how);

}  // namespace gantry::detail
