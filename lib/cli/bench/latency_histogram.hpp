// SPDX-License-Identifier: Apache-2.0
// LatencyHistogram: durations, counted in buckets so narrow that a quantile is at most 0.8 % above the truth.
// (gantry::Histogram, which the library itself keeps, is a quarter of an octave wide: good for dashboards only.)
#pragma once

#include <chrono>
#include <cstdint>
#include <gantry/version.hpp>
#include <optional>
#include <vector>

namespace gantry::inline GANTRY_ABI::cli {

/// Ownership: a value.
/// Threads:   thread-compatible.
/// Errors:    none; a duration below zero counts as zero.
/// Cost:      an addition a duration; 60 KB at most, however many there are.
class LatencyHistogram {
 public:
  using Duration = std::chrono::nanoseconds;

  /// `count` durations above `below` and up to `upper`.
  struct Bucket {
    Duration below{0};
    Duration upper{0};
    std::uint64_t count = 0;
  };

  void add(Duration value);
  LatencyHistogram& operator+=(const LatencyHistogram& other);

  std::uint64_t count() const { return count_; }
  /// Exact; zero if nothing was added.
  Duration min() const { return count_ == 0 ? Duration(0) : min_; }
  Duration max() const { return max_; }
  Duration mean() const { return count_ == 0 ? Duration(0) : Duration(static_cast<Duration::rep>(sum_ns_ / count_)); }

  /// The least duration that a share `q` (0..1) of all do not exceed. Nothing where fewer than 1 / (1 - q) durations
  /// were added: p99.9 of 500 durations would be their maximum, and say nothing about one in a thousand.
  std::optional<Duration> quantile(double q) const;
  /// The durations that quantile(q) needs.
  static std::uint64_t needed_for(double q);

  /// Those that hold something, in order, `per_octave` of them from any duration to its double: 1, 2, 4 .. 128.
  std::vector<Bucket> buckets(int per_octave) const;

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ns_ = 0;
  Duration min_{0}, max_{0};
};

}  // namespace gantry::inline GANTRY_ABI::cli
