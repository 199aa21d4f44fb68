// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/chart_axis.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/number_text.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

/// Multiples of 1, 2, 2.5 or 5 times a power of ten.
std::vector<double> linear_ticks(double low, double high, int most) {
  const double least_step = (high - low) / most;
  const double power = std::pow(10, std::floor(std::log10(least_step)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0, 10.0, 20.0}) {
    const double step = factor * power;
    const double first = std::ceil(low / step - 1e-9) + 0.0;  // + 0.0 turns -0 into 0 for the label
    const double last = std::floor(high / step + 1e-9);
    if (last - first + 1 > most) continue;
    std::vector<double> ticks;
    for (double i = first; i <= last; ++i) ticks.push_back(i * step);
    return ticks;
  }
  return {};
}

/// The powers of ten in the range, times each factor.
std::vector<double> decade_ticks(double low, double high, const std::vector<double>& factors) {
  std::vector<double> ticks;
  const int last = static_cast<int>(std::floor(std::log10(high)));
  for (int power = static_cast<int>(std::floor(std::log10(low))); power <= last; ++power)
    for (const double factor : factors) {
      const double tick = factor * std::pow(10, power);
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push_back(tick);
    }
  return ticks;
}

std::vector<double> logarithmic_ticks(double low, double high, int most) {
  for (const auto& factors : {std::vector<double>{1, 1.5, 2, 3, 4, 5, 6, 8}, {1, 2, 3, 5}, {1, 2, 5}, {1, 3}, {1}}) {
    auto ticks = decade_ticks(low, high, factors);
    if (static_cast<int>(ticks.size()) > most) continue;
    // If even the densest has fewer than three, the axis spans less than an octave and is almost linear.
    return ticks.size() >= 3 ? ticks : linear_ticks(low, high, most);
  }
  auto ticks = decade_ticks(low, high, {1});
  const std::size_t step = (ticks.size() + static_cast<std::size_t>(most) - 1) / static_cast<std::size_t>(most);
  std::vector<double> some;
  for (std::size_t i = 0; i < ticks.size(); i += step) some.push_back(ticks[i]);
  return some;
}

}  // namespace

double ChartAxis::place_of(double number) const {
  const double inside = std::clamp(number, low, high);
  const double share = is_logarithmic ? std::log(inside / low) / std::log(high / low) : (inside - low) / (high - low);
  return from + share * (to - from);
}

std::vector<double> ChartAxis::ticks(int most) const {
  return is_logarithmic ? logarithmic_ticks(low, high, most) : linear_ticks(low, high, most);
}

std::string number_tick(double number) {
  return detail::to_text(number, number >= 1000 ? 6 : 4);
}

std::string seconds_tick(double seconds) {
  if (seconds < 0.9999e-6) return number_tick(seconds * 1e9) + " ns";
  if (seconds < 0.9999e-3) return number_tick(seconds * 1e6) + " us";
  if (seconds < 0.9999) return number_tick(seconds * 1e3) + " ms";
  return number_tick(seconds) + " s";
}

}  // namespace gantry::inline GANTRY_ABI::cli
