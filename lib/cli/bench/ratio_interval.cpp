// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/ratio_interval.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>

namespace gantry::inline GANTRY_ABI::cli {
namespace {

/// Student's t at 0.975 for 1, 2, ... degrees of freedom. Beyond the table: 2.042, its last value, which is at most 4 %
/// too large there.
double student_t_975(std::size_t degrees) {
  constexpr double kTable[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                               2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                               2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  return kTable[std::min(degrees, std::size(kTable)) - 1];
}

}  // namespace

std::optional<RatioInterval> ratio_interval(const std::vector<double>& ratios) {
  const std::size_t count = ratios.size();
  if (count < 3) return std::nullopt;
  double sum = 0;
  for (const double ratio : ratios) {
    if (!(ratio > 0) || !std::isfinite(ratio)) return std::nullopt;
    sum += std::log(ratio);
  }
  const double mean = sum / static_cast<double>(count);
  double squares = 0;
  for (const double ratio : ratios) squares += (std::log(ratio) - mean) * (std::log(ratio) - mean);
  const double error = std::sqrt(squares / static_cast<double>(count - 1) / static_cast<double>(count));
  const double reach = student_t_975(count - 1) * error;
  return RatioInterval{std::exp(mean), std::exp(mean - reach), std::exp(mean + reach)};
}

}  // namespace gantry::inline GANTRY_ABI::cli
