// SPDX-License-Identifier: Apache-2.0
// Windows and weights, computed in double as the references do. Compiled without contraction.
#include "ops/image/kernels/axis_weights.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace gantry::detail {
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

/// torch's form of the same curve, which rounds elsewhere (aten/src/ATen/native/UpSample.h).
double torch_bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0.0;
}

/// The curve that torch has without antialias, and OpenCV: a = -0.75.
double sharp_bicubic(double x) {
  constexpr double a = -0.75;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0.0;
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
    default:  // no curve
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

  /// Adding up to 1, as many as the window has. Gives the largest.
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

/// As Axis, for torch's kernels without antialias: the filter keeps its width, and what lies beyond an edge counts for
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

  /// Gives the largest weight that came up on the way: of which more may have been taken away again.
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
      weight += is_cubic_ ? sharp_bicubic(distance) : bilinear(distance);
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

void pack(AxisWeights& weights) {
  weights.packed.resize(2 * weights.values.size());
  for (std::size_t place = 0; place < weights.values.size(); ++place) {
    const std::int32_t value = weights.values[place];
    const std::int32_t high = weights.fits_16_bits ? 0 : value >> AxisWeights::kLowBits;
    std::int16_t* pair = weights.packed.data() + place / 2 * 4 + place % 2;
    pair[0] = static_cast<std::int16_t>(value - high * (1 << AxisWeights::kLowBits));
    pair[2] = static_cast<std::int16_t>(high);
  }
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
  pack(result);
  return result;
}

/// As many bits as leave the largest weight of the axis 16.
template <class A>
int torch_precision(const A& axis, std::int64_t out) {
  double largest = 0.0;
  std::vector<double> exact;
  for (std::int64_t output = 0; output < out; ++output) largest = std::max(largest, axis.weigh(output, exact));
  int bits = 0;
  while (bits < 22 && static_cast<int>(0.5 + largest * (1 << (bits + 1))) < 1 << 15) ++bits;
  return bits;
}

/// OpenCV's, which divides twice.
double scale_of(std::int64_t in, std::int64_t out) {
  return 1.0 / (static_cast<double>(out) / static_cast<double>(in));
}

/// INTER_CUBIC's weights of four pixels around a place, `x` behind the second.
std::array<float, 8> cubic4(float x) {
  constexpr float a = -0.75f;
  const float left = x + 1, right = 1 - x;
  std::array<float, 8> weights{};
  weights[0] = ((a * left - 5 * a) * left + 8 * a) * left - 4 * a;
  weights[1] = ((a + 2) * x - (a + 3)) * x * x + 1;
  weights[2] = ((a + 2) * right - (a + 3)) * right * right + 1;
  weights[3] = 1.0f - weights[0] - weights[1] - weights[2];
  return weights;
}

/// INTER_LANCZOS4's of eight, `x` behind the fourth.
std::array<float, 8> lanczos4(float x) {
  constexpr double s = std::numbers::sqrt2 / 2;
  constexpr double kTurns[8][2] = {{1, 0}, {-s, -s}, {0, 1}, {s, -s}, {-1, 0}, {s, s}, {0, -1}, {-s, s}};
  const double angle = -static_cast<double>(x + 3) * std::numbers::pi * 0.25;
  const double sine = std::sin(angle), cosine = std::cos(angle);
  std::array<float, 8> weights{};
  float sum = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    const float distance = x + 3 - static_cast<float>(i);
    const double y = -static_cast<double>(distance) * std::numbers::pi * 0.25;
    const bool is_here = std::abs(distance) < 1e-6f;  // where 0 is divided by 0: all the others vanish
    weights[i] = is_here ? 1e30f : static_cast<float>((kTurns[i][0] * sine + kTurns[i][1] * cosine) / (y * y));
    sum += weights[i];
  }
  const float scale = 1.0f / sum;
  for (float& weight : weights) weight *= scale;
  return weights;
}

/// A pixel, and the weight of the next one.
struct PixelPair {
  std::int64_t pixel;
  float fraction;
};

template <class F>
AxisWeights two_pixels(std::int64_t in, bool is_vertical, std::int64_t first, std::int64_t count, F pair_of) {
  constexpr float kOne = 2048.0f;
  AxisWeights result;
  result.shift = 11;
  result.taps = 2;
  result.pairs = 1;
  result.fits_16_bits = true;
  for (std::int64_t output = first; output < first + count; ++output) {
    PixelPair pair = pair_of(output);
    const bool is_edge = pair.pixel < 0 || pair.pixel >= in - 1;
    const std::int64_t begin = std::clamp<std::int64_t>(pair.pixel, 0, in - 1);
    if (is_edge && !is_vertical) pair.fraction = 0.0f;
    result.windows.push_back({static_cast<std::int32_t>(begin), is_edge ? 1 : 2});
    for (const float weight : {1.0f - pair.fraction, pair.fraction})
      result.values.push_back(static_cast<std::int32_t>(std::nearbyint(weight * kOne)));
  }
  pack(result);
  return result;
}

}  // namespace

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
  const Curve curve = filter == image::Filter::kBicubic ? Curve{torch_bicubic, 2.0} : Curve{bilinear, 1.0};
  const Axis axis(in, out, curve);
  return in_fixed_point(axis, torch_precision(axis, out), first, count);
}

AxisWeights torch_u8_point_weights(std::int64_t in, std::int64_t out, image::Filter filter, std::int64_t first,
                                   std::int64_t count) {
  const PointAxis axis(in, out, filter == image::Filter::kBicubic);
  return in_fixed_point(axis, torch_precision(axis, out), first, count);
}

AxisWeights opencv_linear_weights(std::int64_t in, std::int64_t out, bool is_vertical, std::int64_t first,
                                  std::int64_t count) {
  const double scale = scale_of(in, out);
  return two_pixels(in, is_vertical, first, count, [scale](std::int64_t output) {
    const auto place = static_cast<float>((static_cast<double>(output) + 0.5) * scale - 0.5);
    const auto pixel = static_cast<std::int64_t>(std::floor(place));
    return PixelPair{pixel, place - static_cast<float>(pixel)};
  });
}

AxisWeights opencv_wide_weights(std::int64_t in, std::int64_t out, bool is_lanczos, bool is_vertical,
                                std::int64_t first, std::int64_t count) {
  const std::size_t reach = is_lanczos ? 4 : 2;
  const double scale = scale_of(in, out);
  AxisWeights result;
  result.taps = static_cast<std::int32_t>(2 * reach);
  result.pairs = static_cast<std::int32_t>(reach);
  for (std::int64_t output = first; output < first + count; ++output) {
    const auto place = static_cast<float>((static_cast<double>(output) + 0.5) * scale - 0.5);
    const auto pixel = static_cast<std::int64_t>(std::floor(place));
    const std::array<float, 8> weights =
        is_lanczos ? lanczos4(place - static_cast<float>(pixel)) : cubic4(place - static_cast<float>(pixel));
    const std::int64_t left = pixel - static_cast<std::int64_t>(reach) + 1;
    const std::int64_t right = left + result.taps;
    const std::int64_t begin = is_vertical ? left : std::clamp<std::int64_t>(left, 0, in - 1);
    const std::int64_t end = is_vertical ? right : std::clamp<std::int64_t>(right, begin + 1, in);
    result.windows.push_back({static_cast<std::int32_t>(begin), static_cast<std::int32_t>(end - begin)});
    const std::size_t first_value = result.values.size();
    result.values.resize(first_value + 2 * reach);
    for (std::size_t tap = 0; tap < 2 * reach; ++tap) {
      const std::int64_t at = std::clamp<std::int64_t>(left + static_cast<std::int64_t>(tap), begin, end - 1) - begin;
      result.values[first_value + static_cast<std::size_t>(at)] +=
          static_cast<std::int32_t>(std::nearbyint(weights[tap] * 2048.0f));
    }
  }
  return result;
}

AxisWeights opencv_area_weights(std::int64_t in, std::int64_t out, bool is_vertical, std::int64_t first,
                                std::int64_t count) {
  const double scale = scale_of(in, out), inverse = static_cast<double>(out) / static_cast<double>(in);
  return two_pixels(in, is_vertical, first, count, [=](std::int64_t output) {
    const auto pixel = static_cast<std::int64_t>(std::floor(static_cast<double>(output) * scale));
    const auto fraction =
        static_cast<float>(static_cast<double>(output + 1) - static_cast<double>(pixel + 1) * inverse);
    return PixelPair{pixel, fraction <= 0 ? 0.0f : fraction - std::floor(fraction)};
  });
}

AxisWeights opencv_area_shares(std::int64_t in, std::int64_t out, std::int64_t first, std::int64_t count) {
  constexpr double kSliver = 1e-3;  // less of a pixel does not count
  const double scale = scale_of(in, out);
  AxisWeights result;
  std::vector<std::vector<float>> shares;
  for (std::int64_t output = first; output < first + count; ++output) {
    const double begin = static_cast<double>(output) * scale, end = begin + scale;
    const double width = std::min(scale, static_cast<double>(in) - begin);
    const std::int64_t last = std::min(static_cast<std::int64_t>(std::floor(end)), in - 1);
    const std::int64_t whole = std::min(static_cast<std::int64_t>(std::ceil(begin)), last);
    const bool has_left = static_cast<double>(whole) - begin > kSliver;
    auto& list = shares.emplace_back();
    if (has_left) list.push_back(static_cast<float>((static_cast<double>(whole) - begin) / width));
    list.insert(list.end(), static_cast<std::size_t>(last - whole), static_cast<float>(1.0 / width));
    if (end - static_cast<double>(last) > kSliver)
      list.push_back(static_cast<float>(std::min(std::min(end - static_cast<double>(last), 1.0), width) / width));
    result.windows.push_back({static_cast<std::int32_t>(whole - has_left), static_cast<std::int32_t>(list.size())});
    result.taps = std::max(result.taps, result.windows.back().count);
  }
  for (auto& list : shares) {
    list.resize(static_cast<std::size_t>(result.taps));
    result.shares.insert(result.shares.end(), list.begin(), list.end());
  }
  return result;
}

AxisWeights pillow_nearest(std::int64_t in, std::int64_t out, std::int64_t first, std::int64_t count, AxisBox box) {
  const double scale = static_cast<double>(box.end - box.begin) / static_cast<double>(out);
  double at = static_cast<double>(box.begin) + scale * 0.5;
  AxisWeights result;
  for (std::int64_t output = 0; output < first + count; ++output, at += scale)  // added up, as in the reference
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

AxisWeights opencv_nearest(std::int64_t in, std::int64_t out, std::int64_t first, std::int64_t count) {
  const double scale = scale_of(in, out);
  AxisWeights result;
  for (std::int64_t output = first; output < first + count; ++output) {
    const auto pixel = static_cast<std::int64_t>(std::floor(static_cast<double>(output) * scale));
    result.windows.push_back({static_cast<std::int32_t>(std::min(pixel, in - 1)), 1});
  }
  return result;
}

}  // namespace gantry::detail
