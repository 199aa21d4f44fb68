// SPDX-License-Identifier: Apache-2.0
// WorkSlots: how many threads may run a runtime's work at once, and how many do. Pure.
#pragma once

#include <gantry/version.hpp>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

/// A slot is held by a worker or a helping caller while it runs something, and by a task at the host's executor from
/// when it is posted until it ends.
/// Threads:   none of its own; callers lock.
class WorkSlots {
 public:
  explicit WorkSlots(int limit) : limit_(limit) {}

  int limit() const { return limit_; }
  /// Slots that are taken above a smaller limit stay taken until they are released. By how many the limit has grown;
  /// below 0 if it fell.
  int set_limit(int limit) { return limit - std::exchange(limit_, limit); }

  bool is_free() const { return taken_ < limit_; }
  bool are_all_free() const { return taken_ == 0; }
  /// More are taken than may be, since the limit fell: whoever ends a piece of work releases its slot.
  bool is_over_limit() const { return taken_ > limit_; }
  /// False if none is free.
  bool try_take() {
    if (!is_free()) return false;
    ++taken_;
    return true;
  }
  void release() { --taken_; }

  /// The holder of a slot waits for another runtime's work.
  void begin_wait() { ++waiting_; }
  void end_wait() { --waiting_; }
  /// All that may run wait so: nobody begins what is queued.
  bool do_all_wait() const { return waiting_ >= limit_; }

 private:
  int limit_;
  int taken_ = 0;
  int waiting_ = 0;
};

}  // namespace gantry::inline GANTRY_ABI::detail
