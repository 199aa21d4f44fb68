// SPDX-License-Identifier: Apache-2.0
// ChartAxis: maps numbers to positions on a page, and chooses the ticks.
#pragma once

#include <gantry/version.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::cli {

/// Numbers from `low` to `high` > `low`; both are above 0 on a logarithmic axis. `from` and `to` are their positions;
/// either may be larger.
struct ChartAxis {
  double low = 0, high = 1;
  bool is_logarithmic = false;
  double from = 0, to = 1;

  /// The position of a number; numbers outside the range are clamped.
  double place_of(double number) const;
  /// Round numbers in the range: at most `most` (2 or more), and at least two unless the axis is too narrow.
  std::vector<double> ticks(int most) const;
};

/// The label of a tick on an axis of seconds: "20 ms".
std::string seconds_tick(double seconds);
/// The label of a number: "1500".
std::string number_tick(double number);

}  // namespace gantry::inline GANTRY_ABI::cli
