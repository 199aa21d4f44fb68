// SPDX-License-Identifier: Apache-2.0
// Arrivals: when requests are sent that do not wait for answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <gantry/version.hpp>
#include <random>

namespace gantry::inline GANTRY_ABI::cli {

enum class Arrival : std::uint8_t {
  kPoisson,   ///< each request on its own, as those of many independent users come
  kConstant,  ///< at equal distances
};

/// Ownership: a value.
/// Threads:   thread-compatible.
/// Errors:    none.
/// Cost:      a random number a request.
class Arrivals {
 public:
  /// `rate` requests per second on average, > 0. The same seed gives the same times on every machine.
  Arrivals(double rate, Arrival arrival, std::uint64_t seed) : rate_(rate), arrival_(arrival), random_(seed) {}

  /// When the next request is sent, from the beginning on; never decreases.
  std::chrono::nanoseconds next();

 private:
  double rate_;
  Arrival arrival_;
  std::mt19937_64 random_;
  std::uint64_t sent_ = 0;
  double seconds_ = 0;
};

}  // namespace gantry::inline GANTRY_ABI::cli
