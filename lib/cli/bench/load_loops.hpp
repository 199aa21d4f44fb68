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

/// The results of one caller of a closed loop.
struct CallerResult {
  LatencyHistogram latencies;
  Failures failures;
  LoadClock::Time first_began{}, last_ended{};  ///< of the requests that count

  /// Over this caller's own time: the time that other callers took after its end does not count.
  double answers_per_second() const;
};

/// Sends requests number `first`, `first` + `step`, ... until `end`. Those from `begin` on count, at least one.
CallerResult call_until(Service& service, std::size_t first, std::size_t step, LoadClock::Time begin,
                        LoadClock::Time end, LoadClock& clock);

}  // namespace gantry::inline GANTRY_ABI::cli
