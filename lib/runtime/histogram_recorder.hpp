// SPDX-License-Identifier: Apache-2.0
// The writing side of gantry::Histogram: relaxed additions, no lock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <gantry/stats.hpp>

namespace gantry::detail {

/// Threads: thread-safe; a snapshot taken while others record may be a few records apart between its fields.
/// Cost:    two relaxed additions.
class HistogramRecorder {
 public:
  void record(std::chrono::nanoseconds value) {
    const auto count = value.count() < 0 ? 0 : static_cast<std::uint64_t>(value.count());
    counts_[Histogram::bucket_of(count)].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(count, std::memory_order_relaxed);
  }
  Histogram snapshot() const {
    Histogram histogram;
    for (std::size_t i = 0; i < Histogram::kBuckets; ++i)
      histogram.count += histogram.counts[i] = counts_[i].load(std::memory_order_relaxed);
    histogram.sum_ns = sum_.load(std::memory_order_relaxed);
    return histogram;
  }

 private:
  std::array<std::atomic<std::uint64_t>, Histogram::kBuckets> counts_{};
  std::atomic<std::uint64_t> sum_{0};
};

}  // namespace gantry::detail
