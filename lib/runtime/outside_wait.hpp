// SPDX-License-Identifier: Apache-2.0
// OutsideWait: a thread of a runtime that waits for work on another one.
//
// Requests may go from one runtime to another and back, and two of them in opposite directions: with all workers of
// both waiting for each other nothing would ever go on. So whoever waits on a runtime's thread looks, while he does,
// whether all that work there wait as well, and then does himself what he waits for.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "runtime/awaited_result.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Marks this thread, for as long as the object lives, as one that works for `core`: one of its workers, a task of its
/// host's executor, or a caller that helps.
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
  int waits_ = 0;  // one within the other: whoever does here what he waits for may wait again
};

/// For as long as it lives, this thread waits for work on `awaited`. Nothing for threads of the host's: their waiting
/// keeps nobody from working.
///
/// Ownership: a scope. The core must outlive it.
/// Threads:   one thread.
/// Errors:    none.
/// Cost:      two locks for each runtime that the thread works for; while it waits, a look every 5 ms.
class OutsideWait {
 public:
  explicit OutsideWait(RuntimeCore& awaited);
  OutsideWait(const OutsideWait&) = delete;
  OutsideWait& operator=(const OutsideWait&) = delete;
  ~OutsideWait();

  /// Waits until `is_done()`, or until `deadline` if there is one: false if that came first. `wait_until(time)` waits
  /// for it, for as long as there is no time or until it comes; `do_it_here()` does what is waited for if nobody has
  /// begun it.
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

/// Waits for what a worker of `awaited` gives; false if `deadline` came first. A thread that works for a runtime does
/// here what is queued there, if all wait.
template <class T>
bool wait_outside(RuntimeCore& awaited, const AwaitedResult<T>& result, const std::optional<Deadline>& deadline) {
  return OutsideWait(awaited).wait(
      deadline, [&] { return result.is_there(); },
      [&](const std::optional<Deadline>& when) { result.wait_until(awaited.time(), when); },
      [&] { awaited.begin_here(); });
}

}  // namespace gantry::inline GANTRY_ABI::detail
