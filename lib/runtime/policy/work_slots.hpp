// SPDX-License-Identifier: Apache-2.0
// WorkSlots: how many threads may run a runtime's work at once, and how many do. Pure.
#pragma once

#include <gantry/version.hpp>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

/// A slot is held by a worker thread, or by a caller that works while it waits for its answer (a helping caller), while
/// it runs something; and by a task posted to the host's executor, from when it is posted until it ends.
/// Threads:   none of its own; callers lock.
class WorkSlots {
 public:
  /// `limit`: at least 1.
  explicit WorkSlots(int limit) : limit_(limit) {}

  int limit() const { return limit_; }
  /// Returns the new limit minus the old one. If the limit falls, slots that are taken above it stay taken until their
  /// holders release them.
  int set_limit(int limit) { return limit - std::exchange(limit_, limit); }

  /// try_take() would succeed.
  bool is_free() const { return taken_ < limit_; }
  bool are_all_free() const { return taken_ == 0; }
  /// More slots are taken than the limit, since it fell: a holder that ends a piece of work must release its slot.
  bool is_over_limit() const { return taken_ > limit_; }
  /// False if no slot is free. A rule that keeps slots free belongs into is_free(); do_all_wait() must then compare
  /// with the slots that may be taken. WorkQueue takes a slot before it knows the job: a rule by job must change that
  /// as well.
  bool try_take() {
    if (!is_free()) return false;
    ++taken_;
    return true;
  }
  /// Once for each try_take() that succeeded.
  void release() { --taken_; }

  /// The holder of a slot begins, or ends, to wait for another runtime's work.
  void begin_wait() { ++waiting_; }
  void end_wait() { --waiting_; }
  /// As many holders wait as may run: without help, queued work would never begin. Holders above a lowered limit do
  /// not count, since they release their slots and begin nothing.
  bool do_all_wait() const { return waiting_ >= limit_; }

 private:
  int limit_;
  int taken_ = 0;
  int waiting_ = 0;
};

}  // namespace gantry::inline GANTRY_ABI::detail
