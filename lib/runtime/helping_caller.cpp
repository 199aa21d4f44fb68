// SPDX-License-Identifier: Apache-2.0
#include "runtime/helping_caller.hpp"

#include <chrono>
#include <thread>
#include <utility>

#include "runtime/stack_left.hpp"

namespace gantry::detail {
namespace {

thread_local const RuntimeCore* helped_core = nullptr;

/// A request that takes less than changing threads twice is worth trying again for: whoever has the slot will be done
/// in a moment, or was interrupted and needs the CPU. Once queued it would be a worker's, and with it all that come
/// while it waits: 64 callers of an empty model are twice as fast so.
constexpr auto kShort = std::chrono::microseconds(20);
constexpr int kTries = 16;
constexpr auto kPatience = std::chrono::milliseconds(2);  // other processes' threads may get the CPU, too

bool returns_when_done(const CallOptions& call) {
  return !call.deadline || *call.deadline == Deadline::max();
}

}  // namespace

HelpingCaller::Scope::Scope(RuntimeCore& helped)
    : core(helped), caller(helped), working(helped), helped_before(std::exchange(helped_core, &helped)) {
  std::fegetenv(&float_environment_before);
  std::fesetenv(FE_DFL_ENV);
}

HelpingCaller::Scope::~Scope() {
  std::fesetenv(&float_environment_before);
  helped_core = helped_before;
  core.end_help();
}

HelpingCaller::HelpingCaller(RuntimeCore& core, const CallOptions& call, Clock::duration expected) {
  const RuntimeOptions& options = core.options();
  if (call.is_trial) return;  // what an engine keeps per thread is to be made on workers
  if (!options.callers_help || options.intra_op_threads != 1 || !returns_when_done(call) || !has_stack_left()) return;
  const bool is_short = expected > Clock::duration::zero() && expected <= kShort;
  if (core.begin_help() || (is_short && try_for_a_while(core))) scope_.emplace(core);
}

bool HelpingCaller::try_for_a_while(RuntimeCore& core) {
  const auto end = Clock::now() + kPatience;
  for (int i = 0; i < kTries; ++i) {
    std::this_thread::yield();
    if (core.begin_help()) return true;
    if (Clock::now() >= end) break;
  }
  return false;
}

HelpingCaller::~HelpingCaller() = default;

bool RuntimeCore::begin_help() {
  // In a child of fork() the lock may be held for ever by a thread that stayed in the parent.
  if (has_executor_ || options_.execution == Execution::kCaller || is_of_parent_process()) return false;
  bool has_timer = false;
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_ || order_.has_work() || !slots_.try_take()) return false;
    ++guests_;
    order_.count_begun();
    if (!is_budget_watched_) has_timer = watch_budget(Clock::now());
  }
  if (has_timer) has_work_.notify_one();  // for a worker to wait for
  queue_age_.record(Clock::duration::zero());
  return true;
}

void RuntimeCore::end_help() {
  bool has_more = false;
  {
    const std::lock_guard lock(mutex_);
    slots_.release();
    --guests_;
    if (is_stopping_) is_idle_.notify_all();
    has_more = order_.has_work() || order_.is_timer_due(Clock::now());
  }
  if (has_more) has_work_.notify_one();
}

bool RuntimeCore::on_helping_caller() const {
  return helped_core == this;
}

}  // namespace gantry::detail
