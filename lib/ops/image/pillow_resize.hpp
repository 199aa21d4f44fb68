// SPDX-License-Identifier: Apache-2.0
// What Pillow's Image.resize() does beyond resampling a whole image: `box` and `reducing_gap`.
#pragma once

#include <gantry/image.hpp>
#include <string>

#include "ops/image/geometry.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// invalid_argument for parameters that no image goes with, or that the reference does not have.
Result<void> check_resize(const image::Resize& options);
/// invalid_argument unless it is 0, or a finite number from 1 on.
Result<void> check_reducing_gap(double gap);
/// One step, or none where the image is left alone. invalid_argument for a box outside the image, and for blocks that
/// Pillow's arithmetic has no room for.
Result<Geometry> resize_steps(const image::Resize& options, ImageSize image);
/// ", box=[0, 0.5, 3, 4]" and ", reducing_gap=2", as far as they are given.
std::string box_text(const image::Resize& options);

}  // namespace gantry::inline GANTRY_ABI::detail
