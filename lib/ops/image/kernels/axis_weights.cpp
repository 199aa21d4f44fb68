// SPDX-License-Identifier: Apache-2.0
// Windows and weights, computed in double as the references do.
#include "ops/image/kernels/axis_weights.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

double box(double x) {
  return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
}

double bilinear(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

double hamming(double x) {
  x = std::abs(x);
  if (x == 0.0) return 1.0;
  if (x >= 1.0) return 0.0;
  x *= std::numbers::pi;
  return std::sin(x) / x * (0.54f + 0.46f * std::cos(x));  // float constants, as in the reference
}

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos(double x) {
  return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0;
}

/// torch's form of the same curve, which rounds differently (aten/src/ATen/native/UpSample.h).
double torch_bicubic(double x, double a) {
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0.0;
}
double torch_antialiased_bicubic(double x) {
  return torch_bicubic(x, -0.5);
}

struct Curve {
  double (*weight)(double);
  double support;
};

Curve curve_of(image::Filter filter) {
  switch (filter) {
    case image::Filter::kBox:
      return {box, 0.5};
    case image::Filter::kBilinear:
      return {bilinear, 1.0};
    case image::Filter::kHamming:
      return {hamming, 1.0};
    case image::Filter::kBicubic:
      return {bicubic, 2.0};
    case image::Filter::kLanczos:
      return {lanczos, 3.0};
    default:  // filters without a curve
      return {bilinear, 1.0};
  }
}

/// The windows of an axis, and the exact weights of one output at a time.
class Axis {
 public:
  Axis(std::int64_t in, std::int64_t out, const Curve& curve) : Axis(in, {0.0f, static_cast<float>(in)}, out, curve) {}
  Axis(std::int64_t in, AxisBox box, std::int64_t out, const Curve& curve)
      : in_(in),
        begin_(box.begin),
        curve_(curve),
        scale_(static_cast<double>(box.end - box.begin) / static_cast<double>(out)),
        filter_scale_(std::max(scale_, 1.0)),
        support_(curve.support * filter_scale_),
        inverse_scale_(1.0 / filter_scale_) {}

  AxisWeights::Window window(std::int64_t output) const {
    const double centre = centre_of(output);
    const auto begin = std::max<std::int64_t>(static_cast<std::int64_t>(centre - support_ + 0.5), 0);
    const auto end = std::min<std::int64_t>(static_cast<std::int64_t>(centre + support_ + 0.5), in_);
    return {static_cast<std::int32_t>(begin), static_cast<std::int32_t>(end - begin)};
  }

  /// Fills `weights`, one per pixel of the window, with a sum of 1. Gives the largest.
  double weigh(std::int64_t output, std::vector<double>& weights) const {
    const AxisWeights::Window pixels = window(output);
    const double centre = centre_of(output);
    weights.clear();
    double sum = 0.0;
    for (std::int32_t x = 0; x < pixels.count; ++x) {
      weights.push_back(curve_.weight((static_cast<double>(x + pixels.begin) - centre + 0.5) * inverse_scale_));
      sum += weights.back();
    }
    double largest = 0.0;
    for (double& weight : weights) {
      if (sum != 0.0) weight /= sum;
      largest = std::max(largest, weight);
    }
    return largest;
  }

 private:
  double centre_of(std::int64_t output) const { return begin_ + (static_cast<double>(output) + 0.5) * scale_; }

  std::int64_t in_;
  double begin_;
  Curve curve_;
  double scale_;
  double filter_scale_;
  double support_;
  double inverse_scale_;
};

/// As Axis, for torch's kernels without antialias: the filter keeps its width, and weights beyond an edge are added to
/// the pixel there.
class PointAxis {
 public:
  PointAxis(std::int64_t in, std::int64_t out, bool is_cubic)
      : in_(in), scale_(static_cast<double>(in) / static_cast<double>(out)), is_cubic_(is_cubic) {}

  AxisWeights::Window window(std::int64_t output) const {
    const std::int64_t first = place(output).pixel - reach() + 1;
    const std::int64_t begin = std::max<std::int64_t>(first, 0);
    const std::int64_t end = std::min(first + 2 * reach(), in_);
    return {static_cast<std::int32_t>(begin), static_cast<std::int32_t>(end - begin)};
  }

  /// Gives the largest weight on the way. At an edge, negative weights may have reduced it again.
  double weigh(std::int64_t output, std::vector<double>& weights) const {
    const AxisWeights::Window pixels = window(output);
    const Place at = place(output);
    const std::int64_t first = at.pixel - reach() + 1;
    weights.assign(static_cast<std::size_t>(pixels.count), 0.0);
    double largest = 0.0;
    for (std::int64_t tap = 0; tap < 2 * reach(); ++tap) {
      const double distance = static_cast<double>(tap + 1 - reach()) - at.fraction;
      const std::int64_t pixel = std::clamp<std::int64_t>(first + tap, 0, in_ - 1);
      double& weight = weights[static_cast<std::size_t>(pixel - pixels.begin)];
      weight += is_cubic_ ? torch_bicubic(distance, -0.75) : bilinear(distance);
      largest = std::max(largest, weight);
    }
    return largest;
  }

 private:
  struct Place {
    std::int64_t pixel;
    double fraction;
  };

  std::int64_t reach() const { return is_cubic_ ? 2 : 1; }

  Place place(std::int64_t output) const {
    double at = scale_ * (static_cast<double>(output) + 0.5) - 0.5;
    if (!is_cubic_) at = std::max(at, 0.0);
    const auto pixel = std::min(static_cast<std::int64_t>(std::floor(static_cast<float>(at))), in_ - 1);  // floorf
    return {pixel, std::clamp(at - static_cast<double>(pixel), 0.0, 1.0)};
  }

  std::int64_t in_;
  double scale_;
  bool is_cubic_;
};

std::int32_t to_fixed(double weight, int bits) {
  const double scaled = weight * (1 << bits);
  return static_cast<std::int32_t>(weight < 0 ? -0.5 + scaled : 0.5 + scaled);
}

template <class A>
AxisWeights in_fixed_point(const A& axis, int bits, std::int64_t first, std::int64_t count) {
  AxisWeights result;
  result.shift = bits;
  result.fits_16_bits = true;
  for (std::int64_t output = first; output < first + count; ++output) {
    result.windows.push_back(axis.window(output));
    result.taps = std::max(result.taps, result.windows.back().count);
  }
  result.pairs = (result.taps + 1) / 2;
  result.values.resize(result.windows.size() * result.stride());
  std::vector<double> exact;
  for (std::size_t i = 0; i < result.windows.size(); ++i) {
    axis.weigh(first + static_cast<std::int64_t>(i), exact);
    for (std::size_t tap = 0; tap < exact.size(); ++tap) {
      const std::size_t place = i * result.stride() + tap;
      const std::int32_t value = to_fixed(exact[tap], bits);
      result.values[place] = value;
      result.fits_16_bits = result.fits_16_bits && value == static_cast<std::int16_t>(value);
    }
  }
  result.pack();
  return result;
}

int bits_beside(double largest) {
  int bits = 0;
  while (bits < 22 && static_cast<int>(0.5 + largest * (1 << (bits + 1))) < 1 << 15) ++bits;
  return bits;
}

/// The most fractional bits with which the largest weight of the axis fits 16 bits. No weight reaches 1.99, so a weight
/// of 1 gives as many bits as the largest one, and the rest of the axis, which may be long, is not computed.
template <class A>
int torch_precision(const A& axis, std::int64_t out) {
  double largest = 0.0;
  std::vector<double> exact;
  for (std::int64_t output = 0; output < out && largest < 1.0; ++output)
    largest = std::max(largest, axis.weigh(output, exact));
  return bits_beside(largest);
}

}  // namespace

void AxisWeights::pack() {
  packed.resize(2 * values.size());
  for (std::size_t place = 0; place < values.size(); ++place) {
    const std::int32_t value = values[place];
    const std::int32_t high = fits_16_bits ? 0 : value >> kLowBits;
    std::int16_t* pair = packed.data() + place / 2 * 4 + place % 2;
    pair[0] = static_cast<std::int16_t>(value - high * (1 << kLowBits));
    pair[2] = static_cast<std::int16_t>(high);
  }
}

double filter_support(image::Filter filter) {
  return curve_of(filter).support;
}

AxisWeights pillow_weights(std::int64_t in, std::int64_t out, image::Filter filter, std::int64_t first,
                           std::int64_t count, AxisBox box) {
  constexpr int kBits = 32 - 8 - 2;  // a u8 times a weight, summed, fits an int32 with a sign and one spare bit
  return in_fixed_point(Axis(in, box, out, curve_of(filter)), kBits, first, count);
}

AxisWeights torch_u8_weights(std::int64_t in, std::int64_t out, image::Filter filter, std::int64_t first,
                             std::int64_t count) {
  const Curve curve = filter == image::Filter::kBicubic ? Curve{torch_antialiased_bicubic, 2.0} : curve_of(filter);
  const Axis axis(in, out, curve);
  return in_fixed_point(axis, torch_precision(axis, out), first, count);
}

AxisWeights torch_u8_point_weights(std::int64_t in, std::int64_t out, image::Filter filter, std::int64_t first,
                                   std::int64_t count) {
  const PointAxis axis(in, out, filter == image::Filter::kBicubic);
  return in_fixed_point(axis, torch_precision(axis, out), first, count);
}

AxisWeights pillow_nearest(std::int64_t in, std::int64_t out, std::int64_t first, std::int64_t count, AxisBox box) {
  const double scale = static_cast<double>(box.end - box.begin) / static_cast<double>(out);
  double at = static_cast<double>(box.begin) + scale * 0.5;
  AxisWeights result;
  for (std::int64_t output = 0; output < first + count; ++output, at += scale)  // accumulated, as in the reference
    if (output >= first)
      result.windows.push_back({static_cast<std::int32_t>(std::min(static_cast<std::int64_t>(at), in - 1)), 1});
  return result;
}

AxisWeights torch_nearest(std::int64_t in, std::int64_t out, bool is_exact, std::int64_t first, std::int64_t count) {
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  AxisWeights result;
  for (std::int64_t output = first; output < first + count; ++output) {
    const float place = is_exact ? (static_cast<float>(output) + 0.5f) * scale : static_cast<float>(output) * scale;
    const auto pixel = static_cast<std::int64_t>(std::floor(place));
    result.windows.push_back({static_cast<std::int32_t>(std::min(pixel, in - 1)), 1});
  }
  return result;
}

}  // namespace gantry::inline GANTRY_ABI::detail
