// SPDX-License-Identifier: Apache-2.0
// BatchLessons: what computing batches teaches, for those that follow.
#pragma once

#include <cstddef>
#include <string>

#include "model/lane.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Threads: thread-safe.
class BatchLessons {
 public:
  /// Batches of so many rows come back wrong, or fail where their parts do not.
  virtual bool is_forbidden(std::size_t rows, std::size_t bucket) const = 0;
  virtual void forbid(std::size_t rows, std::size_t bucket) = 0;
  /// The lane calls its engine now, perhaps again: a call that does not return is told from many that do.
  virtual void on_engine_call(Lane& lane, Clock::time_point now) = 0;
  virtual void on_computed(std::size_t rows, std::size_t bucket, Clock::duration took) = 0;
  /// The device can compute nothing any more.
  virtual void on_device_fault(const std::string& message) = 0;

 protected:
  ~BatchLessons() = default;
};

}  // namespace gantry::inline GANTRY_ABI::detail
