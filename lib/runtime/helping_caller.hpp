// SPDX-License-Identifier: Apache-2.0
// HelpingCaller: a host thread that runs the request it waits for itself, instead of waking a sleeping worker.
//
// This saves two thread switches, which cost more than a small model, and the request's data is in the caches of the
// CPU that made it.
#pragma once

#include <cfenv>
#include <optional>

#include "runtime/call_options.hpp"
#include "runtime/current_thread.hpp"
#include "runtime/outside_wait.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Converts to true if the caller may help: a slot is free, no work is queued, the call has no deadline, an engine call
/// uses one thread, and this thread has enough stack left. While the object lives, the thread then counts as a worker
/// and has the default floating-point environment.
///
/// Ownership: a scope object, neither copied nor moved. The core must outlive it.
/// Threads:   one thread.
/// Errors:    none.
/// Cost:      two uncontended locks; up to 16 yields if no slot is free for a short request.
class HelpingCaller {
 public:
  /// `expected`: the time the request will take; 0: unknown.
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
