// SPDX-License-Identifier: Apache-2.0
#include "runtime/helping_caller.hpp"

#include <chrono>
#include <thread>

#include "runtime/stack_left.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// For a request shorter than two thread switches it pays to retry: the holder of the slot is about to finish, or was
/// preempted and needs this CPU. If the request were queued instead, a worker would run it, and also all requests that
/// arrive while it waits. With the retry, 64 callers of an empty model are twice as fast.
constexpr auto kShort = std::chrono::microseconds(20);
constexpr int kTries = 16;
constexpr auto kPatience = std::chrono::milliseconds(2);  // a yield may last long on a busy machine

bool returns_when_done(const CallOptions& call) {
  return !call.deadline || *call.deadline == Deadline::max();
}

}  // namespace

HelpingCaller::Scope::Scope(RuntimeCore& helped) : core(helped), caller(helped), working(helped), helping(helped) {
  std::fegetenv(&float_environment_before);
  std::fesetenv(FE_DFL_ENV);
}

HelpingCaller::Scope::~Scope() {
  std::fesetenv(&float_environment_before);
  core.end_help();
}

HelpingCaller::HelpingCaller(RuntimeCore& core, const CallOptions& call, Clock::duration expected) {
  const RuntimeOptions& options = core.options();
  if (call.is_trial) return;  // a warm-up must run on workers: engines allocate per-thread state there
  if (!options.callers_help || options.intra_op_threads != 1 || !returns_when_done(call) || !has_stack_left()) return;
  const bool is_short = expected > Clock::duration::zero() && expected <= kShort;
  if (core.begin_help() || (is_short && try_for_a_while(core))) scope_.emplace(core);
}

bool HelpingCaller::try_for_a_while(RuntimeCore& core) {
  const auto end = core.now() + kPatience;
  for (int i = 0; i < kTries; ++i) {
    std::this_thread::yield();
    if (core.begin_help()) return true;
    if (core.now() >= end) break;
  }
  return false;
}

HelpingCaller::~HelpingCaller() = default;

}  // namespace gantry::inline GANTRY_ABI::detail
