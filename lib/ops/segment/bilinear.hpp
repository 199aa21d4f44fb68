// SPDX-License-Identifier: Apache-2.0
// Bilinear resampling along one axis, with the weights of torch's interpolate(mode="bilinear", align_corners=False) in
// float32 (aten/src/ATen/native/UpSample.h). Also maps a picture's own pixels to a plane over the model's input.
#pragma once

#include <algorithm>
#include <cstdint>
#include <gantry/frame.hpp>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// The two pixels of an axis that make one output, and their weights.
struct Blend {
  std::int64_t first;
  std::int64_t second;
  float first_weight;
  float second_weight;

  /// Does not read a value of weight 0: 0 times an infinity is NaN.
  float of(const float* values) const {
    return second_weight == 0 ? values[first] : values[first] * first_weight + values[second] * second_weight;
  }
};

/// The blend at `position`, in pixels from the centre of the first of `count`.
inline Blend blend_at(float position, std::int64_t count) {
  const float inside = std::max(position, 0.0f);
  const std::int64_t first = std::min(static_cast<std::int64_t>(inside), count - 1);
  const float weight = std::clamp(inside - static_cast<float>(first), 0.0f, 1.0f);
  return {first, std::min(first + 1, count - 1), 1.0f - weight, weight};
}

/// Blends for outputs begin..end - 1 of `out`, from `in` pixels.
inline std::vector<Blend> blends_of(std::int64_t in, std::int64_t out, std::int64_t begin, std::int64_t end) {
  std::vector<Blend> blends;
  blends.reserve(static_cast<std::size_t>(std::max<std::int64_t>(end - begin, 0)));
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  for (std::int64_t i = begin; i < end; ++i)
    blends.push_back(blend_at(scale * (static_cast<float>(i) + 0.5f) - 0.5f, in));
  return blends;
}
inline std::vector<Blend> blends_of(std::int64_t in, std::int64_t out) {
  return blends_of(in, out, 0, out);
}

/// Maps one axis of a picture, pixel by pixel, to a plane over the model's input.
struct PlaneAxis {
  /// One for each pixel of the picture, also for those outside the plane.
  std::vector<Blend> blends;
  /// The plane covers pixels begin..end - 1.
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// `axis` places the picture's `pixels` in the model's input; its edges are rounded to whole pixels of the input. The
/// plane has `count` values, each `stride` pixels of the input. Resamples the picture's part of the plane as
/// interpolate() does with the part cut out. Beyond the plane, its edge value repeats.
PlaneAxis plane_axis(const FrameAxis& axis, std::int64_t pixels, std::int64_t count, std::int64_t stride);

}  // namespace gantry::inline GANTRY_ABI::detail
