// SPDX-License-Identifier: Apache-2.0
// Measurement: a load on a package, its result, and its cost.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/bench/load.hpp"
#include "cli/bench/machine_watch.hpp"
#include "cli/bench/ratio_interval.hpp"

namespace gantry::inline GANTRY_ABI::cli {

/// One load on one package.
struct Measurement {
  LoadResult load;
  MachineUse use;
  std::vector<std::string> noise;  ///< what disturbed it: noise_in()
  bool allows_noise = false;       ///< true: a disturbed measurement counts too

  /// True if the measurement says nothing about the package.
  bool is_void() const { return !noise.empty() && !allows_noise; }
  /// nullopt if no request was answered.
  std::optional<std::chrono::nanoseconds> cpu_per_request() const;
};

Measurement measure(Service& service, const Load& load, const LoadTimes& times, LoadClock& clock);

/// A figure of two packages: the second's divided by the first's.
struct ComparedFigure {
  const char* name;  ///< "p50", "p99", "rate", "CPU per request"
  const char* key;   ///< the JSON key without its suffix "_ratio"
  RatioInterval ratio;
};

struct ComparedMeasurements {
  Measurement a, b;
  std::vector<ComparedFigure> figures;  ///< those measured in every turn
};

/// The number of pairs of turns in compare().
constexpr int kPairsOfTurns = 10;

/// Measures both sides in turns, A B B A A B ..., so that a temporary slowdown of the machine affects both. Each side
/// runs `times` in total, with the same arrivals. Calls `next_turn` with 0 to 2 * kPairsOfTurns - 1.
ComparedMeasurements compare(Service& a, Service& b, const Load& load, const LoadTimes& times, LoadClock& clock,
                             const std::function<void(int)>& next_turn);

}  // namespace gantry::inline GANTRY_ABI::cli
