// SPDX-License-Identifier: Apache-2.0
// A colour for each class: always the same one, and others for its neighbours.
#pragma once

#include <cstdint>
#include <gantry/export.hpp>

#include "ops/detect/draw_canvas.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The first 72 classes have one each; then they come again. Negative numbers have one as well.
GANTRY_API Rgb colour_of_class(std::int64_t index);
/// Black or white: which of them can be read on it.
GANTRY_API Rgb text_colour_on(Rgb background);

}  // namespace gantry::inline GANTRY_ABI::detail
