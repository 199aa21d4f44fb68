// SPDX-License-Identifier: Apache-2.0
// Quads and maps that the tests of quads share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/detect/quads.hpp>
#include <gantry/tensor.hpp>
#include <limits>
#include <utility>
#include <vector>

namespace gantry::inline GANTRY_ABI::test {

inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// An upright rectangle.
inline Quad upright(float x0, float y0, float x1, float y1) {
  return {{{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}}};
}

inline Quads quads_of(const std::vector<Quad>& all) {
  std::vector<FoundQuad> entries;
  for (const Quad& quad : all) entries.push_back({quad, 0.5f});
  return Quads(std::move(entries));
}

/// f32[height, width] of value(x, y).
template <class F>
Tensor map_of(std::int64_t width, std::int64_t height, F value) {
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(width * height));
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) values.push_back(value(x, y));
  return Tensor::from<float>(Span<const float>(values), {height, width}).value();
}

}  // namespace gantry::inline GANTRY_ABI::test
