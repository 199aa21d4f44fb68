// SPDX-License-Identifier: Apache-2.0
// ChartAxis: from numbers to places on a page, and where its ticks are.
#pragma once

#include <gantry/version.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::cli {

/// Numbers from `low` to `high`, which is larger; on a logarithmic axis both are above 0. `from` and `to` are their
/// places, of which either may be the larger.
struct ChartAxis {
  double low = 0, high = 1;
  bool is_logarithmic = false;
  double from = 0, to = 1;

  /// The place of a number; numbers outside are put on the edge.
  double place_of(double number) const;
  /// Round numbers within, `most` (2 or more) at most; at least two, unless the axis is so narrow that there are none.
  std::vector<double> ticks(int most) const;
};

/// "20 ms", of a tick on an axis of seconds.
std::string seconds_tick(double seconds);
/// "1500".
std::string number_tick(double number);

}  // namespace gantry::inline GANTRY_ABI::cli
