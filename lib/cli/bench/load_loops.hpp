// SPDX-License-Identifier: Apache-2.0
// The two ways to put a load on a service; put_load() picks one.
#pragma once

#include "cli/bench/load.hpp"

namespace gantry::inline GANTRY_ABI::cli {

LoadResult closed_loop(Service& service, int callers, const LoadTimes& times, LoadClock& clock,
                       const LoadEvents& events);

/// Sends from the calling thread. Arrivals begin with the warm-up.
LoadResult open_loop(Service& service, const Load& load, const LoadTimes& times, LoadClock& clock,
                     const LoadEvents& events);

/// What one caller of a closed loop sees, which began at once.
struct CallerResult {
  LatencyHistogram latencies;
  Failures failures;
  LoadClock::Time first_began{}, last_ended{};  ///< of the requests that count

  /// While this caller waited for answers: what others still did after its end is not part of it.
  double answers_per_second() const;
};

/// Requests number `first`, `first` + `step`, ... until `end`; those that begin from `begin` on count, at least one.
CallerResult call_until(Service& service, std::size_t first, std::size_t step, LoadClock::Time begin,
                        LoadClock::Time end, LoadClock& clock);

}  // namespace gantry::inline GANTRY_ABI::cli
