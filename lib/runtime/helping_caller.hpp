// SPDX-License-Identifier: Apache-2.0
// HelpingCaller: a thread of the host's that runs the request it waits for, in the stead of a worker that sleeps.
//
// It spares two changes of threads, which cost more than a small model, and the request finds its data in the caches of
// the CPU it came from.
#pragma once

#include <cfenv>
#include <optional>

#include "runtime/call_options.hpp"
#include "runtime/current_thread.hpp"
#include "runtime/outside_wait.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// True if it may: a worker sleeps, nothing waits that came before, the call has no deadline to return at, an engine
/// call uses one thread, and enough is left of this thread's stack. The thread then counts as a worker, set to the
/// default floating-point environment, for as long as the object lives.
///
/// Ownership: a scope; neither copied nor moved. The core must outlive it.
/// Threads:   one thread.
/// Errors:    none.
/// Cost:      two uncontended locks; where no slot is free for a short request, a few yields.
class HelpingCaller {
 public:
  /// `expected`: what the request will take; 0: unknown.
  HelpingCaller(RuntimeCore& core, const CallOptions& call, Clock::duration expected);
  HelpingCaller(const HelpingCaller&) = delete;
  HelpingCaller& operator=(const HelpingCaller&) = delete;
  ~HelpingCaller();
  explicit operator bool() const { return scope_.has_value(); }

 private:
  static bool try_for_a_while(RuntimeCore& core);

  struct Scope {
    explicit Scope(RuntimeCore& helped);
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope();
    RuntimeCore& core;
    const CallerScope caller;
    const WorkingFor working;
    const HelpScope helping;
    std::fenv_t float_environment_before{};
  };
  std::optional<Scope> scope_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
