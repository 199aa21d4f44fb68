// SPDX-License-Identifier: Apache-2.0
// BatchLessons: records what computed batches showed (times, failing sizes, device faults), for the batches that
// follow.
#pragma once

#include <cstddef>
#include <string>

#include "model/lane.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Threads: thread-safe.
class BatchLessons {
 public:
  /// Whether batches of this many rows are forbidden: they gave wrong results, or failed while their halves succeeded.
  virtual bool is_forbidden(std::size_t rows, std::size_t bucket) const = 0;
  virtual void forbid(std::size_t rows, std::size_t bucket) = 0;
  /// The lane calls its engine now. Called for each engine call of a batch, so that a hanging call is not confused with
  /// a batch of many calls.
  virtual void on_engine_call(Lane& lane, Clock::time_point now) = 0;
  virtual void on_computed(std::size_t rows, std::size_t bucket, Clock::duration took) = 0;
  /// The device has failed permanently.
  virtual void on_device_fault(const std::string& message) = 0;

 protected:
  ~BatchLessons() = default;
};

}  // namespace gantry::inline GANTRY_ABI::detail
