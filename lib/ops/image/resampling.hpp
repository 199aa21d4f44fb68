// SPDX-License-Identifier: Apache-2.0
// Names of filters and references in configs and explanations, and the filters of each reference.
#pragma once

#include <gantry/image.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// In the order of image::Filter.
const std::vector<std::string>& filter_names();

/// invalid_argument if the reference does not have the filter.
Result<void> check_resampling(const image::Resampling& how);
/// True for the filters that copy one pixel.
bool is_nearest(image::Filter filter);
/// "filter=bilinear", and ", reference=torch_u8" unless it is Pillow.
std::string to_text(const image::Resampling& how);

}  // namespace gantry::inline GANTRY_ABI::detail
