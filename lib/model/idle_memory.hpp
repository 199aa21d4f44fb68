// SPDX-License-Identifier: Apache-2.0
// IdleMemory: makes an engine release its cached memory after a time without engine calls. There is at most one timer;
// it is not set again unless a call has run since, so that an idle process never wakes up.
#pragma once

#include <chrono>
#include <gantry/engine.hpp>
#include <memory>

#include "core/mutex.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: shares the engine and the core.
/// Threads:   thread-safe.
/// Errors:    none.
/// Cost:      a lock at the end of each engine call; nothing if `after` is zero.
class IdleMemory : public std::enable_shared_from_this<IdleMemory> {
 public:
  /// `after`: zero disables it.
  IdleMemory(std::shared_ptr<Engine> engine, std::shared_ptr<RuntimeCore> core, std::chrono::milliseconds after)
      : engine_(std::move(engine)), core_(std::move(core)), after_(after) {}

  /// Call it when an engine call has ended.
  void on_run() GANTRY_EXCLUDES(mutex_);

 private:
  void set_timer();
  /// `is_last`: no timer will fire any more, so release everything now.
  void release(bool is_last) GANTRY_EXCLUDES(mutex_);

  const std::shared_ptr<Engine> engine_;
  const std::shared_ptr<RuntimeCore> core_;
  const std::chrono::milliseconds after_;
  Mutex mutex_;
  bool is_set_ GANTRY_GUARDED_BY(mutex_) = false;
  bool has_run_since_ GANTRY_GUARDED_BY(mutex_) = false;  // since the timer was set
};

}  // namespace gantry::inline GANTRY_ABI::detail
