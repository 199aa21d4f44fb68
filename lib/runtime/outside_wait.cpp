// SPDX-License-Identifier: Apache-2.0
#include "runtime/outside_wait.hpp"

#include <utility>

#include "runtime/stack_left.hpp"

namespace gantry::detail {
namespace {

thread_local WorkingFor* working_for = nullptr;  // the innermost

}  // namespace

WorkingFor::WorkingFor(RuntimeCore& core) : core_(core), before_(std::exchange(working_for, this)) {}
WorkingFor::~WorkingFor() {
  working_for = before_;
}

OutsideWait::OutsideWait(RuntimeCore& awaited) : awaited_(awaited), is_working_(working_for != nullptr) {
  for (WorkingFor* work = working_for; work != nullptr; work = work->before_)
    if (work->waits_++ == 0) work->core_.begin_wait();
}
OutsideWait::~OutsideWait() {
  for (WorkingFor* work = working_for; work != nullptr; work = work->before_)
    if (--work->waits_ == 0) work->core_.end_wait();
}

void RuntimeCore::begin_wait() {
  const std::lock_guard lock(mutex_);
  slots_.begin_wait();
}

void RuntimeCore::end_wait() {
  const std::lock_guard lock(mutex_);
  slots_.end_wait();
}

bool RuntimeCore::all_wait() const {
  const std::lock_guard lock(mutex_);
  return slots_.do_all_wait();
}

bool RuntimeCore::continue_here() {
  return run_here([this] {
    auto job = order_.next_continuation(Clock::now());
    return job ? std::optional(Next{*std::move(job), std::nullopt}) : std::nullopt;
  });
}

bool RuntimeCore::begin_here() {
  return has_stack_left() && run_here([this] { return next(); });
}

template <class Take>
bool RuntimeCore::run_here(Take take) {
  std::optional<Next> next;
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_ || !slots_.do_all_wait()) return false;
    next = take();
  }
  if (!next) return false;
  const CallerScope caller(*this);
  next->job(next->refusal ? &*next->refusal : nullptr);
  return true;
}

}  // namespace gantry::detail
