// SPDX-License-Identifier: Apache-2.0
// LatencyHistogram: counts durations in buckets so narrow that a quantile is at most 0.8 % too high.
// (The buckets of the library's gantry::Histogram are a quarter of an octave wide: good for dashboards only.)
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
/// Cost:      one addition per duration; 60 KB at most, for any number of durations.
class LatencyHistogram {
 public:
  using Duration = std::chrono::nanoseconds;

  /// `count` durations in (below, upper].
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

  /// The smallest duration that is not exceeded by a share `q` (0..1) of all. nullopt for fewer than 1 / (1 - q)
  /// durations: p99.9 of 500 durations would be their maximum, which says nothing about one in a thousand.
  std::optional<Duration> quantile(double q) const;
  /// The number of durations that quantile(q) needs.
  static std::uint64_t needed_for(double q);

  /// The non-empty buckets in order, with `per_octave` buckets per doubling: 1, 2, 4 .. 128.
  std::vector<Bucket> buckets(int per_octave) const;

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ns_ = 0;
  Duration min_{0}, max_{0};
};

}  // namespace gantry::inline GANTRY_ABI::cli
