// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/arrivals.hpp"

#include <cmath>

#include "cli/quantity_text.hpp"

namespace gantry::inline GANTRY_ABI::cli {

std::chrono::nanoseconds Arrivals::next() {
  if (arrival_ == Arrival::kConstant) return duration_of(static_cast<double>(sent_++) / rate_);
  // Intervals are exponential. std::exponential_distribution is not used: it differs between standard libraries.
  const double uniform = static_cast<double>(random_() >> 11) * 0x1p-53;  // [0, 1)
  seconds_ += -std::log1p(-uniform) / rate_;
  return duration_of(seconds_);
}

}  // namespace gantry::inline GANTRY_ABI::cli
