// SPDX-License-Identifier: Apache-2.0
// A fixed colour for each class, unlike those of its neighbours.
#pragma once

#include <cstdint>
#include <gantry/export.hpp>

#include "ops/detect/draw_canvas.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The first 72 classes have one each, then colours repeat. Negative indices have one too.
GANTRY_API Rgb colour_of_class(std::int64_t index);
/// Black or white, whichever is readable on it.
GANTRY_API Rgb text_colour_on(Rgb background);

}  // namespace gantry::inline GANTRY_ABI::detail
