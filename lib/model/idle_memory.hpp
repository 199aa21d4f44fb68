// SPDX-License-Identifier: Apache-2.0
// IdleMemory: has an engine give back what it keeps once nothing has run for a while. There is one timer at most, and
// none once nothing has run since it was set: an idle process sleeps.
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
/// Cost:      a lock for each engine call's end; where `after` is zero, nothing.
class IdleMemory : public std::enable_shared_from_this<IdleMemory> {
 public:
  /// `after`: zero, where nothing is to be given back.
  IdleMemory(std::shared_ptr<Engine> engine, std::shared_ptr<RuntimeCore> core, std::chrono::milliseconds after)
      : engine_(std::move(engine)), core_(std::move(core)), after_(after) {}

  /// An engine call has ended.
  void on_run() GANTRY_EXCLUDES(mutex_);

 private:
  void set_timer();
  /// `is_last`: no timer will fire any more, so gives back what there is.
  void release(bool is_last) GANTRY_EXCLUDES(mutex_);

  const std::shared_ptr<Engine> engine_;
  const std::shared_ptr<RuntimeCore> core_;
  const std::chrono::milliseconds after_;
  Mutex mutex_;
  bool is_set_ GANTRY_GUARDED_BY(mutex_) = false;
  bool has_run_since_ GANTRY_GUARDED_BY(mutex_) = false;  // it was set
};

}  // namespace gantry::inline GANTRY_ABI::detail
