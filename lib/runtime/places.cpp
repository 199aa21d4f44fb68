// SPDX-License-Identifier: Apache-2.0
// RuntimeCore's places: how many may run something at a time. As many as workers were started, fewer while the CPU
// budget is smaller than it was then: a pod can be resized in place, and threads beyond its quota are throttled.
//
// The budget is looked at by a timer that is set when a request begins and no other is: an idle process sleeps.
#include <algorithm>
#include <new>
#include <utility>

#include "runtime/runtime_core.hpp"

namespace gantry::detail {

bool RuntimeCore::watch_budget(Clock::time_point now) noexcept {
  try {
    timed_.emplace(now + budgets_->interval(), [this](const Error* refusal) {
      if (!refusal) follow_budget();
    });
  } catch (const std::bad_alloc&) {  // the next request tries it
    return false;
  }
  is_budget_watched_ = true;
  return true;
}

void RuntimeCore::follow_budget() noexcept {
  int places = options_.workers;
  try {
    if (!options_.allow_oversubscription)
      places = std::clamp(budgets_->refresh()->cpu.cpus / options_.intra_op_threads, 1, options_.workers);
  } catch (...) {  // no memory to read it
    places = 0;
  }
  bool has_grown = false;
  {
    const std::lock_guard lock(mutex_);
    is_budget_watched_ = false;
    if (places > 0) has_grown = places > std::exchange(places_, places);
  }
  if (has_grown) has_work_.notify_all();
}

}  // namespace gantry::detail
