// SPDX-License-Identifier: Apache-2.0
// PyramidLevels as op parameters: of image.pyramid, and of the decoder of a model's output for such a pyramid.
#pragma once

#include <gantry/image/area.hpp>
#include <gantry/registry.hpp>
#include <gantry/result.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

Result<void> check_levels(const image::PyramidLevels& levels);
/// "scale=0.6, factor=0.709, min_side=12".
std::string levels_text(const image::PyramidLevels& levels);
/// "scale", "factor" and "min_side".
std::vector<OpParameter> level_parameters();
image::PyramidLevels read_levels(ParamReader& params);

}  // namespace gantry::inline GANTRY_ABI::detail
