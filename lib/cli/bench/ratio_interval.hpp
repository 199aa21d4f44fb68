// SPDX-License-Identifier: Apache-2.0
// RatioInterval: the ratio of two figures measured in turns, with its confidence interval.
#pragma once

#include <gantry/version.hpp>
#include <optional>
#include <vector>

namespace gantry::inline GANTRY_ABI::cli {

/// The true ratio lies in low..high in 95 of 100 measurements.
struct RatioInterval {
  double ratio = 1;
  double low = 1, high = 1;

  /// Whether the measurement shows that the two figures differ.
  bool is_significant() const { return low > 1 || high < 1; }
};

/// For pairs b / a measured one right after the other: their geometric mean, with the interval of Student's t over
/// their logarithms. A slowdown of both turns of a pair cancels out. nullopt for fewer than 3 pairs, or if a ratio is
/// not above zero.
std::optional<RatioInterval> ratio_interval(const std::vector<double>& ratios);

}  // namespace gantry::inline GANTRY_ABI::cli
