// SPDX-License-Identifier: Apache-2.0
// ThreadSource: provides the threads that run a RuntimeCore's work: the runtime's own workers (OwnWorkers), tasks on
// the host's executor (HostTasks), or, in tests, a scripted source.
//
// Its threads hold the WorkQueue's mutex while they take a job, and run the job without it.
#pragma once

#include <gantry/version.hpp>
#include <memory>

namespace gantry::inline GANTRY_ABI::detail {

class RuntimeCore;

/// Ownership: owned by the core; its threads share the core.
/// Threads:   thread-safe. Only start() throws. No function is called while the queue's mutex is held.
class ThreadSource {
 public:
  virtual ~ThreadSource() = default;

  /// How a thread gets its slot. true: the queue reserves a slot before wake_one(), and the thread starts with it.
  /// false: the thread takes a slot together with the job.
  virtual bool comes_with_slot() const noexcept = 0;
  /// Throws std::system_error or std::bad_alloc if not all threads could be started; join() joins those that were.
  virtual void start(const std::shared_ptr<RuntimeCore>& core) = 0;
  /// Makes one thread run work: something is queued, and a slot is free or reserved for it. Called within a visit
  /// (Occupancy).
  virtual void wake_one(RuntimeCore& core) noexcept = 0;
  /// A timer was set; a thread must wake up for it if it is earlier than the time the threads sleep until.
  virtual void wake_timekeeper() noexcept = 0;
  /// All threads must look for work again: more slots are free, or the core is stopping.
  virtual void wake_all() noexcept = 0;
  /// Called after the core began to stop. Returns when no thread runs work of the core and no visit is left, except on
  /// the calling thread. A second caller waits for the first, unless it is on one of these threads.
  virtual void join(RuntimeCore& core) = 0;
};

}  // namespace gantry::inline GANTRY_ABI::detail
