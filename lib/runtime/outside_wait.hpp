// SPDX-License-Identifier: Apache-2.0
// OutsideWait: a thread of one runtime waits for work on another runtime, without a deadlock.
//
// Requests may pass from one runtime to another and back, and two requests may do so in opposite directions. If all
// workers of both runtimes waited for each other, nothing would make progress. So a runtime's thread that waits checks
// every 5 ms whether all threads of the awaited runtime wait as well; if so, it runs that runtime's queued work itself.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "runtime/awaited_result.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// While it lives, marks this thread as one that works for `core`: a worker, a task on the host's executor, or a
/// helping caller.
class WorkingFor {
 public:
  explicit WorkingFor(RuntimeCore& core);
  WorkingFor(const WorkingFor&) = delete;
  WorkingFor& operator=(const WorkingFor&) = delete;
  ~WorkingFor();

 private:
  friend class OutsideWait;
  RuntimeCore& core_;
  WorkingFor* const before_;
  int waits_ = 0;  // nested waits: work that is run during a wait may wait again
};

/// While it lives, this thread counts as waiting for work on `awaited`. It has no effect on other host threads: they
/// hold no slot, so their waiting blocks no work.
///
/// Ownership: a scope object. The core must outlive it.
/// Threads:   one thread.
/// Errors:    none.
/// Cost:      two locks for each runtime that the thread works for; during the wait, a check every 5 ms.
class OutsideWait {
 public:
  explicit OutsideWait(RuntimeCore& awaited);
  OutsideWait(const OutsideWait&) = delete;
  OutsideWait& operator=(const OutsideWait&) = delete;
  ~OutsideWait();

  /// Waits until `is_done()`, or until `deadline` if there is one; false if the deadline came first. `wait_until(time)`
  /// blocks until the work is done, or until `time` if it is set. `do_it_here()` runs the awaited work on this thread,
  /// if no thread has begun it.
  template <class IsDone, class WaitUntil, class DoItHere>
  bool wait(const std::optional<Deadline>& deadline, IsDone is_done, WaitUntil wait_until, DoItHere do_it_here) {
    constexpr std::chrono::milliseconds kLook{5};
    while (!is_done()) {
      if (deadline && awaited_.now() >= *deadline) return false;
      if (is_working_ && awaited_.queue().all_wait()) {
        do_it_here();
        while (!is_done() && awaited_.continue_here()) {
        }
        if (is_done()) break;
      }
      const Deadline look = awaited_.now() + kLook;
      wait_until(is_working_ && !(deadline && *deadline < look) ? std::optional<Deadline>(look) : deadline);
    }
    return true;
  }

 private:
  RuntimeCore& awaited_;
  const bool is_working_;
};

/// Waits for a result from a worker of `awaited`; false if `deadline` came first. If this thread works for a runtime
/// and all threads of `awaited` wait, it runs work that is queued there.
template <class T>
bool wait_outside(RuntimeCore& awaited, const AwaitedResult<T>& result, const std::optional<Deadline>& deadline) {
  return OutsideWait(awaited).wait(
      deadline, [&] { return result.is_there(); },
      [&](const std::optional<Deadline>& when) { result.wait_until(awaited.time(), when); },
      [&] { awaited.begin_here(); });
}

}  // namespace gantry::inline GANTRY_ABI::detail
