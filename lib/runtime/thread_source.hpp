// SPDX-License-Identifier: Apache-2.0
// ThreadSource: where the threads come from that run a RuntimeCore's work: workers of the runtime's own (OwnWorkers),
// tasks at the host's executor (HostTasks), or, in tests, whatever a script says.
//
// Its threads hold the WorkQueue's mutex while they ask for work, and run what they get without it.
#pragma once

#include <gantry/version.hpp>
#include <memory>

namespace gantry::inline GANTRY_ABI::detail {

class RuntimeCore;

/// Ownership: owned by the core; its threads share the core.
/// Threads:   thread-safe. Nothing but start() throws; nothing is called under the queue's mutex.
class ThreadSource {
 public:
  virtual ~ThreadSource() = default;

  /// How a thread gets the slot it works in. true: the queue reserves one for it before wake_one(), and the thread
  /// comes with it. false: a thread takes one together with the work.
  virtual bool comes_with_slot() const noexcept = 0;
  /// std::system_error or std::bad_alloc if not all threads could be started; those that were wait for join().
  virtual void start(const std::shared_ptr<RuntimeCore>& core) = 0;
  /// A thread is to come: something is queued, and a slot is free, or reserved for it. Within a visit (Occupancy).
  virtual void wake_one(RuntimeCore& core) noexcept = 0;
  /// A timer was set, for a time when no thread may have looked for work yet.
  virtual void wake_timekeeper() noexcept = 0;
  /// All are to look again: more slots are free, or the core is stopping.
  virtual void wake_all() noexcept = 0;
  /// After the core began to stop: returns when no thread of it runs work any more and no visit is left,
  /// the calling thread aside. A second caller waits for the first, unless it is on one of these threads.
  virtual void join(RuntimeCore& core) = 0;
};

}  // namespace gantry::inline GANTRY_ABI::detail
