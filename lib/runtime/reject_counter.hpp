// SPDX-License-Identifier: Apache-2.0
// RejectCounter: the number of rejected requests by ErrorReason.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <gantry/stats.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Threads: thread-safe.
/// Cost:    a relaxed addition.
class RejectCounter {
 public:
  void count(ErrorReason reason) { counts_[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed); }
  RejectCounts snapshot() const {
    RejectCounts counts{};
    for (std::size_t i = 0; i < kErrorReasons; ++i) counts[i] = counts_[i].load(std::memory_order_relaxed);
    return counts;
  }

 private:
  std::array<std::atomic<std::uint64_t>, kErrorReasons> counts_{};
};

}  // namespace gantry::inline GANTRY_ABI::detail
