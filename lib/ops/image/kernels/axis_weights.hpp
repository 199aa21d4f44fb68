// SPDX-License-Identifier: Apache-2.0
// AxisWeights: which pixels of an axis make one output, and how much each counts, in the fixed point of a reference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/image/resize.hpp>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// An output is clamp((sum of weight * pixel + 2^(shift - 1)) >> shift, 0, 255), in wrapping 32-bit arithmetic.
///
/// A weight may not fit 16 bits, but both parts of high * 2^11 + low do. So two 16-bit products give exactly the same
/// sum as one 32-bit product. Weights are stored in pairs of neighbouring taps, as multiply-add instructions take them.
struct AxisWeights {
  struct Window {
    std::int32_t begin;  // index in the whole axis
    std::int32_t count;
  };
  static constexpr int kLowBits = 11;

  std::vector<Window> windows;  // one per output
  std::int32_t taps = 0;        // the largest count
  std::int32_t pairs = 0;       // of taps, rounded up; `values` has 2 * pairs per output
  int shift = 0;
  bool fits_16_bits = false;         // all weights do: `high` is 0, and `low` is the weight
  std::vector<std::int32_t> values;  // zero beyond a window's count
  std::vector<std::int16_t> packed;  // low, low, high, high of each pair
  std::vector<float> shares;         // for OpenCV's area filter, instead of the above: `taps` per output

  /// Fills `packed` from `values`.
  void pack();
  const std::int32_t* values_of(std::size_t output) const { return values.data() + output * stride(); }
  std::size_t stride() const { return 2 * static_cast<std::size_t>(pairs); }
};

/// The part of an axis that is resampled. Pixels around it count too, as far as the filter reaches.
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
/// many fractional bits as the largest weight of the axis leaves. Bilinear, bicubic and lanczos.
AxisWeights torch_u8_weights(std::int64_t in, std::int64_t out, image::Filter filter, std::int64_t first,
                             std::int64_t count);
/// torch's uint8 kernels without antialias: 2 or 4 pixels around the source position of the output. At the edges their
/// weights are added to the pixel there. Bilinear and bicubic.
AxisWeights torch_u8_point_weights(std::int64_t in, std::int64_t out, image::Filter filter, std::int64_t first,
                                   std::int64_t count);
/// Windows of one pixel, without weights: Pillow's NEAREST over a box (src/libImaging/Geometry.c, ImagingScaleAffine).
AxisWeights pillow_nearest(std::int64_t in, std::int64_t out, std::int64_t first, std::int64_t count, AxisBox box);
/// torch's "nearest" and "nearest-exact" (aten/src/ATen/native/UpSample.h), in float32.
AxisWeights torch_nearest(std::int64_t in, std::int64_t out, bool is_exact, std::int64_t first, std::int64_t count);

}  // namespace gantry::inline GANTRY_ABI::detail
