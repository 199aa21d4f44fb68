// SPDX-License-Identifier: Apache-2.0
// FastestTime: the least time that work of n samples takes, learned from work that was done. By it requests are refused
// that cannot meet their deadlines, so it errs on the side of too little: then a request is computed in vain once,
// while a time that is too large would refuse for ever what nobody then measures.
//
// Times are kept by size, since a batch of sixteen says little of one sample. Between sizes it is assumed that more
// samples take no less time, and that a batch takes no longer than its samples in smaller batches one after the other.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "core/floor_log2.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: a value.
/// Threads:   thread-safe; of two that learn at a time, one may be lost.
/// Errors:    none.
/// Cost:      a few relaxed loads; 144 bytes.
class FastestTime {
 public:
  using Duration = std::chrono::steady_clock::duration;

  FastestTime() = default;
  FastestTime(const FastestTime& other) { *this = other; }
  FastestTime& operator=(const FastestTime& other) {
    for (std::size_t i = 0; i < kOctaves; ++i) store(i, other.load(i));
    tries_.store(other.tries_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    return *this;
  }

  /// A faster time counts at once, a slower one by a small share, so that a small input is not refused for what large
  /// ones take.
  void record(std::size_t samples, Duration took) {
    constexpr std::int64_t kShare = 64;
    const std::size_t octave = octave_of(samples);
    const std::int64_t ns = std::max<std::int64_t>(1, std::chrono::nanoseconds(took).count());
    const std::int64_t before = load(octave);
    const std::int64_t slower = before + (std::min(ns, 4 * before) - before) / kShare;
    store(octave, before == 0 || ns < before ? ns : slower);
  }

  /// Zero while nothing is known.
  Duration of(std::size_t samples) const {
    const std::size_t wanted = octave_of(samples);
    if (const std::int64_t known = load(wanted)) return std::chrono::nanoseconds(known);
    std::int64_t least = 0;
    for (std::size_t i = 0; i < wanted; ++i) least = std::max(least, load(i));
    for (std::size_t i = wanted + 1; i < kOctaves; ++i) {
      const auto largest = static_cast<double>((std::uint64_t{2} << i) - 1);  // of the octave's sizes
      const double share = static_cast<double>(std::max<std::size_t>(1, samples)) / largest;
      least = std::max(least, static_cast<std::int64_t>(static_cast<double>(load(i)) * share));
    }
    return std::chrono::nanoseconds(least);
  }

  /// Of the work that would be refused for the time it takes, a sixteenth is done all the same: so a wrong time mends
  /// itself, also where others keep the machine busy. True for one of those.
  bool should_try() { return tries_.fetch_add(1, std::memory_order_relaxed) % kTryEvery == kTryEvery - 1; }

 private:
  static constexpr std::size_t kOctaves = 17;  // up to 65536 samples and beyond
  static constexpr std::uint32_t kTryEvery = 16;

  static std::size_t octave_of(std::size_t samples) { return std::min(floor_log2(samples), kOctaves - 1); }
  std::int64_t load(std::size_t octave) const { return ns_[octave].load(std::memory_order_relaxed); }
  void store(std::size_t octave, std::int64_t ns) { ns_[octave].store(ns, std::memory_order_relaxed); }

  std::array<std::atomic<std::int64_t>, kOctaves> ns_{};  // by octave of the size; 0: unknown
  std::atomic<std::uint32_t> tries_{0};
};

}  // namespace gantry::inline GANTRY_ABI::detail
