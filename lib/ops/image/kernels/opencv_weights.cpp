// SPDX-License-Identifier: Apache-2.0
// Computes in float and in double where OpenCV does.
#include "ops/image/kernels/opencv_weights.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// The scale as OpenCV computes it, with two divisions.
double scale_of(std::int64_t in, std::int64_t out) {
  return 1.0 / (static_cast<double>(out) / static_cast<double>(in));
}

/// INTER_CUBIC's weights of the four pixels around a position `x` behind the second.
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

/// INTER_LANCZOS4's weights of the eight pixels around a position `x` behind the fourth.
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
    const bool is_here = std::abs(distance) < 1e-6f;  // avoids 0 / 0: next to 1e30 all other weights vanish
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
  result.pack();
  return result;
}

}  // namespace

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
  constexpr double kSliver = 1e-3;  // a smaller part of a pixel does not count
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

AxisWeights opencv_nearest(std::int64_t in, std::int64_t out, std::int64_t first, std::int64_t count) {
  const double scale = scale_of(in, out);
  AxisWeights result;
  for (std::int64_t output = first; output < first + count; ++output) {
    const auto pixel = static_cast<std::int64_t>(std::floor(static_cast<double>(output) * scale));
    result.windows.push_back({static_cast<std::int32_t>(std::min(pixel, in - 1)), 1});
  }
  return result;
}

}  // namespace gantry::inline GANTRY_ABI::detail
