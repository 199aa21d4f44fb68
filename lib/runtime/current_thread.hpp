// SPDX-License-Identifier: Apache-2.0
// What this thread is to runtimes: whose work it runs, if anybody's.
#pragma once

#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

class RuntimeCore;

/// The core whose work this thread runs; nullptr: none's.
const RuntimeCore* current_core() noexcept;
/// The core that this thread, a caller's, helps out with the request it waits for; nullptr: none.
const RuntimeCore* helped_core() noexcept;

/// Marks this thread, for as long as the object lives, as one that runs work of `core`.
class CallerScope {
 public:
  explicit CallerScope(const RuntimeCore& core);
  CallerScope(const CallerScope&) = delete;
  CallerScope& operator=(const CallerScope&) = delete;
  ~CallerScope();

 private:
  const RuntimeCore* before_;
};

/// Marks this thread, for as long as the object lives, as a helping caller's.
class HelpScope {
 public:
  explicit HelpScope(const RuntimeCore& core);
  HelpScope(const HelpScope&) = delete;
  HelpScope& operator=(const HelpScope&) = delete;
  ~HelpScope();

 private:
  const RuntimeCore* before_;
};

/// From now on this thread, which is in exit(), is nobody's worker: static destructors that call models and pipelines
/// must get an error, and neither compute within a request that never ends nor wait for it.
void begin_exit_on_this_thread();
bool is_exiting_on_this_thread() noexcept;

}  // namespace gantry::inline GANTRY_ABI::detail
