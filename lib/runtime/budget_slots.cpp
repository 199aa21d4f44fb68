// SPDX-License-Identifier: Apache-2.0
// The limit of RuntimeCore's work slots follows the CPU budget: as many as workers were started, fewer while the budget
// is smaller than it was then. A pod can be resized in place, and threads beyond its quota are throttled.
//
// A timer looks at the budget; it is set when a request begins and no such timer is, so that an idle process sleeps.
#include <algorithm>
#include <new>

#include "runtime/runtime_core.hpp"

namespace gantry::detail {

bool RuntimeCore::watch_budget(Clock::time_point now) noexcept {
  try {
    order_.push_at(now + budgets_->interval(), [this](const Error* refusal) {
      if (!refusal) follow_budget();
    });
  } catch (const std::bad_alloc&) {  // the next request tries it
    return false;
  }
  is_budget_watched_ = true;
  return true;
}

void RuntimeCore::follow_budget() noexcept {
  int slots = options_.workers;
  try {
    if (!options_.allow_oversubscription)
      slots = std::clamp(budgets_->refresh()->cpu.cpus / options_.intra_op_threads, 1, options_.workers);
  } catch (...) {  // no memory to read it
    slots = 0;
  }
  int added = 0;
  {
    const std::lock_guard lock(mutex_);
    is_budget_watched_ = false;
    if (slots > 0) added = slots_.set_limit(slots);
  }
  if (added > 0 && !has_executor_) has_work_.notify_all();
  for (; added > 0 && has_executor_; --added) post_task_if_wanted();
}

}  // namespace gantry::detail
