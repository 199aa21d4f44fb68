// SPDX-License-Identifier: Apache-2.0
// Two passes, as a rule horizontal and then vertical, each with weights computed in double and applied in 22-bit fixed
// point; the result of each pass is rounded to u8. A pass whose size does not change is left out.
#include "ops/image/resample.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

namespace gantry::detail {
namespace {

constexpr int kWeightBits = 32 - 8 - 2;  // a u8 times a weight, summed, fits an int32 with a sign and one spare bit
constexpr std::int32_t kHalf = 1 << (kWeightBits - 1);

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
  }
  return {bilinear, 1.0};
}

/// Which inputs make one output, and how much each counts.
struct Window {
  std::int64_t begin;
  std::int64_t count;
  std::size_t first_weight;
};

struct Weights {
  std::vector<Window> windows;  // one per output
  std::vector<std::int32_t> values;
};

std::int32_t to_fixed(double weight) {
  const double scaled = weight * (1 << kWeightBits);
  return static_cast<std::int32_t>(weight < 0 ? -0.5 + scaled : 0.5 + scaled);
}

Weights weights_of(std::int64_t in, std::int64_t out, const Curve& curve) {
  const double scale = static_cast<double>(static_cast<float>(in)) / static_cast<double>(out);
  const double filter_scale = std::max(scale, 1.0);
  const double support = curve.support * filter_scale;
  const double inverse_scale = 1.0 / filter_scale;
  Weights weights;
  weights.windows.reserve(static_cast<std::size_t>(out));
  std::vector<double> exact;
  for (std::int64_t i = 0; i < out; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto begin = std::max<std::int64_t>(static_cast<std::int64_t>(centre - support + 0.5), 0);
    const auto end = std::min<std::int64_t>(static_cast<std::int64_t>(centre + support + 0.5), in);
    exact.clear();
    double sum = 0.0;
    for (std::int64_t x = 0; x < end - begin; ++x) {
      exact.push_back(curve.weight((static_cast<double>(x + begin) - centre + 0.5) * inverse_scale));
      sum += exact.back();
    }
    weights.windows.push_back({begin, end - begin, weights.values.size()});
    for (const double weight : exact) weights.values.push_back(to_fixed(sum != 0.0 ? weight / sum : weight));
  }
  return weights;
}

std::uint8_t to_u8(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

template <int kChannels>
void resample_row(const std::uint8_t* in, std::uint8_t* out, const Weights& weights) {
  for (const Window& window : weights.windows) {
    const std::int32_t* weight = weights.values.data() + window.first_weight;
    const std::uint8_t* pixel = in + window.begin * kChannels;
    std::int32_t sums[kChannels];
    for (int c = 0; c < kChannels; ++c) sums[c] = kHalf;
    for (std::int64_t x = 0; x < window.count; ++x, pixel += kChannels)
      for (int c = 0; c < kChannels; ++c) sums[c] += pixel[c] * weight[x];
    for (int c = 0; c < kChannels; ++c) *out++ = to_u8(sums[c]);
  }
}

/// Rows first_row..first_row + rows of `source`, at another width.
Result<Image> resample_horizontally(const Image& source, std::int64_t first_row, std::int64_t rows, std::int64_t width,
                                    const Curve& curve) {
  auto out = Image::make(width, rows, source.colour());
  if (!out) return out;
  const Weights weights = weights_of(source.width(), width, curve);
  for (std::int64_t y = 0; y < rows; ++y) {
    const std::uint8_t* in = source.row(first_row + y);
    std::uint8_t* row = out->mutable_row(y);
    switch (source.channels()) {
      case 1:
        resample_row<1>(in, row, weights);
        break;
      case 3:
        resample_row<3>(in, row, weights);
        break;
      default:
        resample_row<4>(in, row, weights);
    }
  }
  return out;
}

/// `first_row` is the row of the whole image that is row 0 of `source`.
Result<Image> resample_vertically(const Image& source, std::int64_t first_row, const Weights& weights) {
  const auto height = static_cast<std::int64_t>(weights.windows.size());
  auto out = Image::make(source.width(), height, source.colour());
  if (!out) return out;
  const std::size_t row_bytes = static_cast<std::size_t>(source.width()) * source.channels();
  std::vector<std::int32_t> sums(row_bytes);
  for (std::int64_t y = 0; y < height; ++y) {
    const Window& window = weights.windows[static_cast<std::size_t>(y)];
    const std::int32_t* weight = weights.values.data() + window.first_weight;
    std::fill(sums.begin(), sums.end(), kHalf);
    for (std::int64_t tap = 0; tap < window.count; ++tap) {
      const std::uint8_t* in = source.row(window.begin - first_row + tap);
      const std::int32_t factor = weight[tap];
      for (std::size_t i = 0; i < row_bytes; ++i) sums[i] += in[i] * factor;
    }
    std::uint8_t* row = out->mutable_row(y);
    for (std::size_t i = 0; i < row_bytes; ++i) row[i] = to_u8(sums[i]);
  }
  return out;
}

Result<Image> two_passes(const Image& source, std::int64_t width, std::int64_t height, const Curve& curve) {
  if (height == source.height()) {
    if (width == source.width()) return source;
    return resample_horizontally(source, 0, height, width, curve);
  }
  const Weights vertical = weights_of(source.height(), height, curve);
  if (width == source.width()) return resample_vertically(source, 0, vertical);
  const std::int64_t first_row = vertical.windows.front().begin;
  const std::int64_t rows = vertical.windows.back().begin + vertical.windows.back().count - first_row;
  auto narrow = resample_horizontally(source, first_row, rows, width, curve);
  if (!narrow) return narrow;
  return resample_vertically(*narrow, first_row, vertical);
}

/// Pillow 13 starts with the vertical pass where the height shrinks by more than twice what the width does; older ones
/// never do. The order shows in the result, since what is between the passes is rounded.
bool goes_vertical_first(const Image& source, std::int64_t width, std::int64_t height) {
  return height < source.height() && source.height() - height > 2 * (source.width() - width);
}

/// Pillow's MULDIV255: a * b / 255, rounded.
std::uint8_t scaled(std::uint32_t a, std::uint32_t b) {
  const std::uint32_t product = a * b + 128;
  return static_cast<std::uint8_t>(((product >> 8) + product) >> 8);
}

Result<Image> premultiplied(const Image& source) {
  auto out = Image::make(source.width(), source.height(), Colour::kRgba);
  if (!out) return out;
  for (std::int64_t y = 0; y < source.height(); ++y) {
    const std::uint8_t* in = source.row(y);
    std::uint8_t* row = out->mutable_row(y);
    for (std::int64_t x = 0; x < source.width(); ++x, in += 4, row += 4) {
      for (int c = 0; c < 3; ++c) row[c] = scaled(in[c], in[3]);
      row[3] = in[3];
    }
  }
  return out;
}

void divide_by_alpha(Image& image) {
  for (std::int64_t y = 0; y < image.height(); ++y) {
    std::uint8_t* pixel = image.mutable_row(y);
    for (std::int64_t x = 0; x < image.width(); ++x, pixel += 4) {
      const int alpha = pixel[3];
      if (alpha == 0 || alpha == 255) continue;
      for (int c = 0; c < 3; ++c) pixel[c] = static_cast<std::uint8_t>(std::min(255 * pixel[c] / alpha, 255));
    }
  }
}

}  // namespace

Result<Image> resample(const Image& source, std::int64_t width, std::int64_t height,
                       const image::Resampling& how) {
  if (width == source.width() && height == source.height()) return source;
  const bool has_alpha = source.colour() == Colour::kRgba;
  auto image = has_alpha ? premultiplied(source) : Result<Image>(source);
  if (!image) return image;
  const Curve curve = curve_of(how.filter);
  if (goes_vertical_first(source, width, height)) {
    image = two_passes(*image, source.width(), height, curve);
    if (!image) return image;
  }
  image = two_passes(*image, width, height, curve);
  if (image && has_alpha) divide_by_alpha(*image);
  return image;
}

}  // namespace gantry::detail
