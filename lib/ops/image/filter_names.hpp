// SPDX-License-Identifier: Apache-2.0
// Names of the resampling filters in configs, in the order of image::Filter.
#pragma once

#include <array>
#include <gantry/image.hpp>
#include <string>

namespace gantry::detail {

inline constexpr std::array<const char*, 5> kFilterNames = {"box", "bilinear", "hamming", "bicubic", "lanczos"};

inline std::string to_text(image::Filter filter) {
  const auto index = static_cast<std::size_t>(filter);
  return index < kFilterNames.size() ? kFilterNames[index] : "unknown";
}

}  // namespace gantry::detail
