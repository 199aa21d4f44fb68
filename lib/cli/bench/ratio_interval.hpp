// SPDX-License-Identifier: Apache-2.0
// RatioInterval: the ratio of two figures that were measured in turns, with its confidence interval.
#pragma once

#include <gantry/version.hpp>
#include <optional>
#include <vector>

namespace gantry::inline GANTRY_ABI::cli {

/// low..high holds the true ratio in 95 of 100 measurements.
struct RatioInterval {
  double ratio = 1;
  double low = 1, high = 1;

  /// Whether the two figures differ at all, as far as this measurement can tell.
  bool is_significant() const { return low > 1 || high < 1; }
};

/// Of pairs b / a that were measured one right after the other: their geometric mean with the interval of Student's t
/// over their logarithms. What slows both turns of a pair down cancels out. Nothing for fewer than 3 pairs, or where
/// one is not above zero.
std::optional<RatioInterval> ratio_interval(const std::vector<double>& ratios);

}  // namespace gantry::inline GANTRY_ABI::cli
