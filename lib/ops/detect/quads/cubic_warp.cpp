// SPDX-License-Identifier: Apache-2.0
// Positions are double, weights and sums float32. OpenCV 4 rounded positions to 1/32 of a pixel; OpenCV 5 does not, and
// neither does this.
#include "ops/detect/quads/cubic_warp.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/row_bands.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kTaps = 4;
constexpr double kFarthestPixel = 0x1p30;  // pixels; beyond any image

using Weights = std::array<float, kTaps>;

/// Keys' cubic, a = -0.75: weights of the four pixels around a position `x` after the second one.
Weights cubic(float x) {
  constexpr float kA = -0.75f;
  const float far = x + 1, rest = 1 - x;
  Weights weights{};
  weights[0] = ((kA * far - 5 * kA) * far + 8 * kA) * far - 4 * kA;
  weights[1] = ((kA + 2) * x - (kA + 3)) * x * x + 1;
  weights[2] = ((kA + 2) * rest - (kA + 3)) * rest * rest + 1;
  weights[3] = 1.0f - weights[0] - weights[1] - weights[2];
  return weights;
}

/// The four pixels along one axis, clamped to the edge, and their weights.
struct Taps {
  Taps(double place, std::int64_t side) {
    const double near = std::isnan(place) ? 0 : std::clamp(place, -kFarthestPixel, kFarthestPixel);
    auto whole_pixel = static_cast<std::int64_t>(near);  // floor() is a function call on this instruction set
    if (static_cast<double>(whole_pixel) > near) --whole_pixel;
    const auto whole = static_cast<double>(whole_pixel);
    weights = cubic(static_cast<float>(near - whole));
    const std::int64_t first = whole_pixel - 1;
    const bool is_within = first >= 0 && first + 3 < side;
    for (std::size_t i = 0; i < kTaps; ++i) {
      const std::int64_t pixel = first + static_cast<std::int64_t>(i);
      pixels[i] = is_within ? pixel : std::clamp<std::int64_t>(pixel, 0, side - 1);
    }
  }

  std::array<std::int64_t, kTaps> pixels;
  Weights weights;
};

template <std::size_t kChannels>
class Sampler {
 public:
  explicit Sampler(const Image& image) : image_(image) {}

  /// Samples at a position in pixel indices.
  void sample(double x, double y, std::uint8_t* out) const {
    const Taps across(x, image_.width()), down(y, image_.height());
    std::array<const std::uint8_t*, kTaps> rows{};
    for (std::size_t i = 0; i < kTaps; ++i) rows[i] = image_.row(down.pixels[i]);
    std::array<float, kChannels> sums{};
    for (std::size_t i = 0; i < kTaps; ++i) {
      std::array<float, kChannels> line{};
      for (std::size_t j = 0; j < kTaps; ++j) {
        const std::uint8_t* const pixel = rows[i] + static_cast<std::size_t>(across.pixels[j]) * kChannels;
        for (std::size_t c = 0; c < kChannels; ++c) line[c] += static_cast<float>(pixel[c]) * across.weights[j];
      }
      for (std::size_t c = 0; c < kChannels; ++c) sums[c] += line[c] * down.weights[i];
    }
    for (std::size_t c = 0; c < kChannels; ++c) out[c] = rounded(sums[c]);
  }

 private:
  /// Rounds halves to even: a float32 of this size has no fraction.
  static std::uint8_t rounded(float sum) {
    constexpr float kNoFraction = 0x1.8p23f;
    return static_cast<std::uint8_t>(std::clamp(sum, 0.0f, 255.0f) + kNoFraction - kNoFraction);
  }

  const Image& image_;
};

/// Gaussian elimination with the largest pivot; the matrix must be regular.
std::array<double, 8> solved(std::array<std::array<double, 8>, 8> a, std::array<double, 8> b) {
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t pivot = i;
    for (std::size_t j = i + 1; j < 8; ++j)
      if (std::fabs(a[j][i]) > std::fabs(a[pivot][i])) pivot = j;
    std::swap(a[i], a[pivot]);
    std::swap(b[i], b[pivot]);
    const double scale = -1 / a[i][i];
    for (std::size_t j = i + 1; j < 8; ++j) {
      const double by = a[j][i] * scale;
      for (std::size_t k = i + 1; k < 8; ++k) a[j][k] += by * a[i][k];
      b[j] += by * b[i];
    }
  }
  for (std::size_t i = 8; i-- > 0;) {
    double sum = b[i];
    for (std::size_t k = i + 1; k < 8; ++k) sum -= a[i][k] * b[k];
    b[i] = sum / a[i][i];
  }
  return b;
}

Projection inverse(const Projection& m) {
  const double determinant =
      m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) + m[2] * (m[3] * m[7] - m[4] * m[6]);
  const double d = 1 / determinant;
  return {(m[4] * m[8] - m[5] * m[7]) * d, (m[2] * m[7] - m[1] * m[8]) * d, (m[1] * m[5] - m[2] * m[4]) * d,
          (m[5] * m[6] - m[3] * m[8]) * d, (m[0] * m[8] - m[2] * m[6]) * d, (m[2] * m[3] - m[0] * m[5]) * d,
          (m[3] * m[7] - m[4] * m[6]) * d, (m[1] * m[6] - m[0] * m[7]) * d, (m[0] * m[4] - m[1] * m[3]) * d};
}

}  // namespace

Projection projection_onto(const Quad& quad, double width, double height) {
  const std::array<std::array<double, 2>, 4> ends = {{{0, 0}, {width, 0}, {width, height}, {0, height}}};
  std::array<std::array<double, 8>, 8> equations{};
  std::array<double, 8> places{};
  for (std::size_t i = 0; i < 4; ++i) {
    const double x = static_cast<double>(quad.corners[i].x), y = static_cast<double>(quad.corners[i].y);
    const double u = ends[i][0], v = ends[i][1];
    equations[i] = {x, y, 1, 0, 0, 0, -x * u, -y * u};
    equations[i + 4] = {0, 0, 0, x, y, 1, -x * v, -y * v};
    places[i] = u;
    places[i + 4] = v;
  }
  const std::array<double, 8> m = solved(equations, places);
  return inverse({m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], 1});
}

namespace {

template <std::size_t kChannels>
Result<Image> warped(const Image& image, const Projection& m, std::int64_t width, std::int64_t height,
                     const CallContext& call) {
  constexpr std::int64_t kNanosecondsAPixel = 60;
  auto out = Image::make(width, height, image.colour());
  if (!out) return out;
  const Sampler<kChannels> sampler(image);
  const auto rows = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      std::uint8_t* pixel = out->mutable_row(row);
      const auto y = static_cast<double>(row);
      for (std::int64_t column = 0; column < width; ++column, pixel += kChannels) {
        const auto x = static_cast<double>(column);
        const double depth = m[6] * x + m[7] * y + m[8];
        sampler.sample((m[0] * x + m[1] * y + m[2]) / depth, (m[3] * x + m[4] * y + m[5]) / depth, pixel);
      }
    }
  };
  const std::int64_t work = kNanosecondsAPixel * width * height;
  GANTRY_RETURN_IF_ERROR(for_row_bands(call, height, work, rows));
  return out;
}

}  // namespace

Result<Image> cubic_warp(const Image& image, const Projection& onto_image, std::int64_t width, std::int64_t height,
                         const CallContext& call) {
  switch (image.channels()) {
    case 1:
      return warped<1>(image, onto_image, width, height, call);
    case 3:
      return warped<3>(image, onto_image, width, height, call);
    default:
      return warped<4>(image, onto_image, width, height, call);
  }
}

}  // namespace gantry::inline GANTRY_ABI::detail
