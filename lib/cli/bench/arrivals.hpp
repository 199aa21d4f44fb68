// SPDX-License-Identifier: Apache-2.0
// Arrivals: the send times of requests that do not wait for answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <gantry/version.hpp>
#include <random>

namespace gantry::inline GANTRY_ABI::cli {

enum class Arrival : std::uint8_t {
  kPoisson,   ///< independent requests, like those of many users
  kConstant,  ///< equal intervals
};

/// Ownership: a value.
/// Threads:   thread-compatible.
/// Errors:    none.
/// Cost:      one random number per request.
class Arrivals {
 public:
  /// `rate` requests per second on average, > 0. The same seed gives the same times on every machine.
  Arrivals(double rate, Arrival arrival, std::uint64_t seed) : rate_(rate), arrival_(arrival), random_(seed) {}

  /// The send time of the next request, from the start; never decreases.
  std::chrono::nanoseconds next();

 private:
  double rate_;
  Arrival arrival_;
  std::mt19937_64 random_;
  std::uint64_t sent_ = 0;
  double seconds_ = 0;
};

}  // namespace gantry::inline GANTRY_ABI::cli
