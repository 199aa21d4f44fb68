// SPDX-License-Identifier: Apache-2.0
// AxisWeights: which pixels of an axis make one output, and how much each counts, in the fixed point of a reference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/image/resize.hpp>
#include <vector>

namespace gantry::detail {

/// An output is clamp((sum of weight * pixel + 2^(shift - 1)) >> shift, 0, 255), in wrapping 32-bit arithmetic.
///
/// A weight k does not fit 16 bits, but high * 2^11 + low does, each of them: two 16-bit products instead of one of 32
/// bits give the same sum exactly. Weights are stored in pairs of neighbouring taps, as multiply-add instructions take
/// them.
struct AxisWeights {
  struct Window {
    std::int32_t begin;  // of the whole axis
    std::int32_t count;
  };
  static constexpr int kLowBits = 11;

  std::vector<Window> windows;  // one an output
  std::int32_t taps = 0;        // the largest count
  std::int32_t pairs = 0;       // of taps, rounded up to even: the stride of the lists below is 2 * pairs
  int shift = 0;
  bool fits_16_bits = false;         // every weight does: `high` is 0, and `low` the weight
  std::vector<std::int32_t> values;  // zero behind a window's count
  std::vector<std::int16_t> packed;  // low, low, high, high of each pair
  std::vector<float> shares;         // instead of all these, in opencv_area_shares(): `taps` an output

  const std::int32_t* values_of(std::size_t output) const { return values.data() + output * stride(); }
  std::size_t stride() const { return 2 * static_cast<std::size_t>(pairs); }
};

/// The part of an axis that becomes the outputs; pixels around it count as far as a filter reaches.
struct AxisBox {
  float begin;
  float end;
};

/// Half the width of a filter's curve, in pixels of the smaller image.
double filter_support(image::Filter filter);

/// Outputs first..first + count of `out`, from `in` pixels; each at least 1. Thread-safe. Throws std::bad_alloc.
///
/// Pillow's precompute_coeffs and normalize_coeffs_8bpc (src/libImaging/Resample.c): 22 bits.
AxisWeights pillow_weights(std::int64_t in, std::int64_t out, image::Filter filter, std::int64_t first,
                           std::int64_t count, AxisBox box);
/// torch's antialiased uint8 kernels (aten/src/ATen/native/cpu/UpSampleKernelAVXAntialias.h): 16-bit weights, with as
/// many bits behind the point as the largest weight of the axis leaves. Bilinear and bicubic.
AxisWeights torch_u8_weights(std::int64_t in, std::int64_t out, image::Filter filter, std::int64_t first,
                             std::int64_t count);
/// torch's uint8 kernels without antialias: 2 or 4 pixels around the place that the output comes from, whose weights
/// add up at the edges. Bilinear and bicubic.
AxisWeights torch_u8_point_weights(std::int64_t in, std::int64_t out, image::Filter filter, std::int64_t first,
                                   std::int64_t count);
/// OpenCV's INTER_LINEAR (modules/imgproc/src/resize.cpp): 11 bits, two pixels. At the edges of a horizontal axis the
/// pixel there has all the weight; of a vertical axis it is taken twice, with a weight each.
AxisWeights opencv_linear_weights(std::int64_t in, std::int64_t out, bool is_vertical, std::int64_t first,
                                  std::int64_t count);

/// INTER_CUBIC and INTER_LANCZOS4: 4 or 8 pixels with weights of 11 bits. Of a horizontal axis, what lies beyond an
/// edge counts for the pixel there; of a vertical one, windows reach beyond the edges.
AxisWeights opencv_wide_weights(std::int64_t in, std::int64_t out, bool is_lanczos, bool is_vertical,
                                std::int64_t first, std::int64_t count);
/// The two pixels of INTER_AREA where the image grows: those of INTER_LINEAR by another rule.
AxisWeights opencv_area_weights(std::int64_t in, std::int64_t out, bool is_vertical, std::int64_t first,
                                std::int64_t count);
/// How much of an output each pixel covers, for INTER_AREA where no side grows (computeResizeAreaTab).
AxisWeights opencv_area_shares(std::int64_t in, std::int64_t out, std::int64_t first, std::int64_t count);
/// Windows of one pixel, without weights: Pillow's NEAREST over a box (src/libImaging/Geometry.c, ImagingScaleAffine).
AxisWeights pillow_nearest(std::int64_t in, std::int64_t out, std::int64_t first, std::int64_t count, AxisBox box);
/// torch's "nearest" and "nearest-exact" (aten/src/ATen/native/UpSample.h), in float32.
AxisWeights torch_nearest(std::int64_t in, std::int64_t out, bool is_exact, std::int64_t first, std::int64_t count);
/// OpenCV's INTER_NEAREST (modules/imgproc/src/resize.cpp); INTER_NEAREST_EXACT, since OpenCV 5, is Pillow's.
AxisWeights opencv_nearest(std::int64_t in, std::int64_t out, std::int64_t first, std::int64_t count);

}  // namespace gantry::detail
