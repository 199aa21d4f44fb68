// SPDX-License-Identifier: Apache-2.0
// The writing side of gantry::Histogram: relaxed additions, no lock.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <gantry/stats.hpp>

#include "runtime/counter.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Threads: thread-safe; the fields of a snapshot may differ by a few records if other threads record meanwhile.
/// Cost:    two relaxed additions; 5 KB.
class HistogramRecorder {
 public:
  void record(std::chrono::nanoseconds value) {
    const auto count = value.count() < 0 ? 0 : static_cast<std::uint64_t>(value.count());
    Shard& shard = shards_[shard_of_thread()];
    shard.counts[Histogram::bucket_of(count)].fetch_add(1, std::memory_order_relaxed);
    shard.sum.fetch_add(count, std::memory_order_relaxed);
  }
  Histogram snapshot() const {
    Histogram histogram;
    for (const Shard& shard : shards_) {
      for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
        const std::uint64_t count = shard.counts[i].load(std::memory_order_relaxed);
        histogram.counts[i] += count;
        histogram.count += count;
      }
      histogram.sum_ns += shard.sum.load(std::memory_order_relaxed);
    }
    return histogram;
  }

 private:
  struct alignas(kCacheLine) Shard {
    std::array<std::atomic<std::uint64_t>, Histogram::kBuckets> counts{};
    std::atomic<std::uint64_t> sum{0};
  };
  std::array<Shard, kShards> shards_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
