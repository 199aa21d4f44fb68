// SPDX-License-Identifier: Apache-2.0
// Counter: a number that many threads add to and few read. If two CPUs add to the same word, its cache line moves
// between them, which costs ten times the addition. Each thread therefore adds to one of a few shards.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

constexpr std::size_t kShards = 4;
constexpr std::size_t kCacheLine = 64;

/// The shard of this thread. Consecutively started threads get different shards.
inline std::size_t shard_of_thread() noexcept {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t shard = threads.fetch_add(1, std::memory_order_relaxed) % kShards;
  return shard;
}

/// Threads: thread-safe; a load() concurrent with additions may include some of them.
/// Cost:    a relaxed addition; 256 bytes.
class Counter {
 public:
  void add(std::uint64_t count = 1) noexcept {
    shards_[shard_of_thread()].count.fetch_add(count, std::memory_order_relaxed);
  }
  /// At most what was added before: the sum never becomes negative.
  void subtract(std::uint64_t count) noexcept { add(~count + 1); }
  std::uint64_t load() const noexcept {
    std::uint64_t sum = 0;
    for (const Shard& shard : shards_) sum += shard.count.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  struct alignas(kCacheLine) Shard {
    std::atomic<std::uint64_t> count{0};
  };
  std::array<Shard, kShards> shards_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
