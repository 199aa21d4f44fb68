// SPDX-License-Identifier: Apache-2.0
// What Pillow's Image.resize() does beyond resampling a whole image: `box` and `reducing_gap`.
#pragma once

#include <gantry/image.hpp>
#include <string>

#include "ops/image/geometry.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// invalid_argument for parameters that fit no image, or that the reference does not have.
Result<void> check_resize(const image::Resize& options);
/// invalid_argument unless it is 0, or finite and at least 1.
Result<void> check_reducing_gap(double gap);
/// The op's one step. invalid_argument for a box outside the image, and for blocks too large for Pillow's arithmetic.
Result<Geometry> resize_steps(const image::Resize& options, ImageSize image);
/// ", box=[0, 0.5, 3, 4]" and ", reducing_gap=2", each if it is set.
std::string box_text(const image::Resize& options);

}  // namespace gantry::inline GANTRY_ABI::detail
