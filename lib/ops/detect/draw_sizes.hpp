// SPDX-License-Identifier: Apache-2.0
// Line width and letter size for a picture of a given size, so that drawings look alike on all.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

inline constexpr std::int64_t kMaxLineWidth = 256;
inline constexpr std::int64_t kMaxTextScale = 64;

/// The mean of the sides, at most twice the shorter one.
inline double drawn_size(std::int64_t width, std::int64_t height) {
  return static_cast<double>(std::min((width + height) / 2, 2 * std::min(width, height)));
}
inline std::int64_t line_width_for(std::int64_t width, std::int64_t height) {
  const double size = drawn_size(width, height);
  return std::clamp<std::int64_t>(std::llround(size / 300), size < 200 ? 1 : 2, kMaxLineWidth);
}
inline std::int64_t text_scale_for(std::int64_t width, std::int64_t height) {
  return std::clamp<std::int64_t>(std::llround(drawn_size(width, height) / 320), 1, kMaxTextScale);
}

}  // namespace gantry::inline GANTRY_ABI::detail
