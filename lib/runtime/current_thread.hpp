// SPDX-License-Identifier: Apache-2.0
// Per-thread state: the runtime whose work this thread runs, if any.
#pragma once

#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

class RuntimeCore;

/// The core whose work this thread runs; nullptr if it runs none.
const RuntimeCore* current_core() noexcept;
/// The core whose request this thread runs as a HelpingCaller; nullptr if it is not one.
const RuntimeCore* helped_core() noexcept;

/// While it lives, marks this thread as one that runs work of `core`.
class CallerScope {
 public:
  explicit CallerScope(const RuntimeCore& core);
  CallerScope(const CallerScope&) = delete;
  CallerScope& operator=(const CallerScope&) = delete;
  ~CallerScope();

 private:
  const RuntimeCore* before_;
};

/// While it lives, marks this thread as a helping caller's.
class HelpScope {
 public:
  explicit HelpScope(const RuntimeCore& core);
  HelpScope(const HelpScope&) = delete;
  HelpScope& operator=(const HelpScope&) = delete;
  ~HelpScope();

 private:
  const RuntimeCore* before_;
};

/// Call it in exit(): from then on this thread does not count as a worker, even if exit() was called inside a request.
/// Static destructors that call models and pipelines on it then get an error. As a worker, they would compute inside a
/// request that never ends, or wait for it.
void begin_exit_on_this_thread();
bool is_exiting_on_this_thread() noexcept;

}  // namespace gantry::inline GANTRY_ABI::detail
