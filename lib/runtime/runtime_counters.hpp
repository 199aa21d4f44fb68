// SPDX-License-Identifier: Apache-2.0
// RuntimeCounters: the counters behind RuntimeStats; the writing side.
#pragma once

#include <gantry/stats.hpp>

#include "runtime/counter.hpp"
#include "runtime/histogram_recorder.hpp"
#include "runtime/reject_counter.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Threads: thread-safe.
/// Cost:    a relaxed addition for each count.
struct RuntimeCounters {
  Counter admitted;
  Counter deadline_misses;
  RejectCounter rejects;
  HistogramRecorder queue_age;

  void add_to(RuntimeStats& stats) const {
    stats.requests = admitted.load();
    stats.deadline_misses = deadline_misses.load();
    stats.rejects = rejects.snapshot();
    stats.queue_age = queue_age.snapshot();
  }
};

}  // namespace gantry::inline GANTRY_ABI::detail
