// SPDX-License-Identifier: Apache-2.0
// The counters behind ModelStats; the writing side.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "runtime/counter.hpp"
#include "runtime/histogram_recorder.hpp"
#include "runtime/reject_counter.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Threads: thread-safe.
/// Cost:    a relaxed addition for each count.
struct ModelCounters {
  Counter calls;
  Counter samples;
  Counter batches;
  // Rarely incremented, so without shards.
  std::atomic<std::uint64_t> bad_inputs{0};
  std::atomic<std::uint64_t> model_errors{0};
  std::atomic<std::uint64_t> resource_errors{0};
  std::atomic<std::uint64_t> retries{0};
  std::array<Counter, 17> batch_sizes;
  RejectCounter rejects;
  HistogramRecorder queue_wait;
  HistogramRecorder compute;
  HistogramRecorder gather;

  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t count = 1) {
    counter.fetch_add(count, std::memory_order_relaxed);
  }
};

}  // namespace gantry::inline GANTRY_ABI::detail
