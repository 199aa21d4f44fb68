// SPDX-License-Identifier: Apache-2.0
// Decodes regressed boxes; rounds each step to float32 as torch does. Files that include it must be compiled without FP
// contraction.
#pragma once

#include <cmath>
#include <gantry/detect/decoders.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// torchvision's BoxCoder.decode_single() (models/detection/_utils.py): `code` is dx, dy, dw, dh relative to the
/// anchor, times the weights.
struct BoxCoder {
  float centre_weight;
  float size_weight;

  Box decode(const float* code, const float* anchor) const {
    const Side x = side(code[0], code[2], anchor[0], anchor[2]);
    const Side y = side(code[1], code[3], anchor[1], anchor[3]);
    return {x.begin, y.begin, x.end, y.end};
  }

 private:
  struct Side {
    float begin;
    float end;
  };

  Side side(float shift, float growth, float begin, float end) const {
    constexpr float kMostGrowth = 4.135166556742356f;  // log(1000 / 16)
    const float size = end - begin;
    const float centre = begin + 0.5f * size;
    const float scaled = growth / size_weight;
    const float clamped = scaled > kMostGrowth ? kMostGrowth : scaled;  // NaN stays
    const float new_centre = shift / centre_weight * size + centre;
    const float half = 0.5f * (std::exp(clamped) * size);
    return {new_centre - half, new_centre + half};
  }
};

/// torchvision's BoxLinearCoder.decode() with normalize_by_size: `code` holds the distances from the anchor's centre to
/// left, top, right and bottom, in sizes of the anchor.
inline Box decode_distances(const float* code, const float* anchor) {
  const float width = anchor[2] - anchor[0], height = anchor[3] - anchor[1];
  const float x = 0.5f * (anchor[0] + anchor[2]), y = 0.5f * (anchor[1] + anchor[3]);
  return {x - code[0] * width, y - code[1] * height, x + code[2] * width, y + code[3] * height};
}

/// Converts four numbers of a head to a box.
inline Box box_of(detect::BoxFormat format, const float* four) {
  switch (format) {
    case detect::BoxFormat::kXyxy:
      break;
    case detect::BoxFormat::kXywh:
      return {four[0], four[1], four[0] + four[2], four[1] + four[3]};
    case detect::BoxFormat::kCxcywh: {
      const float half_width = 0.5f * four[2], half_height = 0.5f * four[3];
      return {four[0] - half_width, four[1] - half_height, four[0] + half_width, four[1] + half_height};
    }
  }
  return {four[0], four[1], four[2], four[3]};
}

}  // namespace gantry::inline GANTRY_ABI::detail
