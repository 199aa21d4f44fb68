// SPDX-License-Identifier: Apache-2.0
// Parameters that several image ops share: their descriptions, and how they are read.
#pragma once

#include <cstdint>
#include <gantry/image.hpp>
#include <gantry/registry.hpp>
#include <string>
#include <vector>

#include "ops/startup_code.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// "width" and "height", required.
std::vector<OpParameter> side_parameters(const std::string& meaning);
/// `size`, or `width` and `height`: the parameters, and the alternatives that an OpDescription names.
std::vector<OpParameter> size_parameters();
std::vector<std::vector<std::string>> size_alternatives();
/// "filter", "reference" and "antialias".
std::vector<OpParameter> resampling_parameters(image::Reference reference = image::Reference::kPillow);
/// "filter", one of Pillow's.
OpParameter pillow_filter_parameter(image::Filter filter);
OpParameter rounding_parameter(std::vector<std::string> choices, const char* fallback, std::string meaning);
OpParameter reducing_gap_parameter(double fallback);
OpParameter centre_parameter();
/// "value", the colour of a border.
OpParameter fill_parameter(int fallback);

/// The first list followed by the second.
std::vector<OpParameter> joined(std::vector<OpParameter> first, const std::vector<OpParameter>& second);

struct Size {
  std::int64_t width;
  std::int64_t height;
};
Size read_size(ParamReader& params);
image::Resampling read_resampling(ParamReader& params);
image::Filter read_filter(ParamReader& params);
image::Rounding read_rounding(ParamReader& params);
image::Centre read_centre(ParamReader& params);
image::Reference read_reference(ParamReader& params);
image::Fill read_fill(ParamReader& params, image::Fill fallback = 0);

GANTRY_STARTUP_CODE void add_decode_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_resize_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_crop_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_warp_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_pixel_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_area_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_encode_ops(Registry& registry);

}  // namespace gantry::inline GANTRY_ABI::detail
