// SPDX-License-Identifier: Apache-2.0
// LatestTime: when something happened last, by the system's clock. Many threads write and few read, so each thread
// writes to one of a few shards, as with Counter.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>

#include "runtime/counter.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Threads: thread-safe; of threads that record at once, any of their times may be the one that is kept.
/// Cost:    reads the system's clock, and a relaxed store; 256 bytes.
class LatestTime {
 public:
  using Clock = std::chrono::system_clock;

  void record() noexcept {
    shards_[shard_of_thread()].since_epoch.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
  }
  /// The epoch if nothing was recorded.
  Clock::time_point load() const noexcept {
    Clock::rep latest = 0;
    for (const Shard& shard : shards_) latest = std::max(latest, shard.since_epoch.load(std::memory_order_relaxed));
    return Clock::time_point(Clock::duration(latest));
  }

 private:
  struct alignas(kCacheLine) Shard {
    std::atomic<Clock::rep> since_epoch{0};
  };
  std::array<Shard, kShards> shards_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
