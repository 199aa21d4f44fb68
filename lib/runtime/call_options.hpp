// SPDX-License-Identifier: Apache-2.0
// CallOptions: a request's options as gantry's own layers pass them on: what its caller set, and what they add.
#pragma once

#include <gantry/engine_call.hpp>
#include <gantry/run_options.hpp>
#include <memory>
#include <string>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

class ObservedRequest;
class RuntimeCore;

/// The runtimes that have admitted a request which goes through several: the last one, and those before.
struct AdmittedBy {
  const RuntimeCore* core;
  std::shared_ptr<const AdmittedBy> before;
};

/// What engines see of it is its base, so that it is made once a request.
struct CallOptions : EngineCall {
  int priority = 0;
  std::string tenant;
  /// As what the observer knows the request; nullptr if it is not observed.
  std::shared_ptr<const ObservedRequest> observed;

  /// Of the request that this one is part of; nullptr: none, or on the same runtime.
  std::shared_ptr<const AdmittedBy> admitted_by;

  CallOptions() = default;
  CallOptions(const RunOptions& options)  // NOLINT(google-explicit-constructor)
      : EngineCall{options.deadline, options.cancel, options.trace_parent, false},
        priority(options.priority),
        tenant(options.tenant) {}
  explicit CallOptions(const EngineCall& call) : EngineCall(call) {}

  /// The request goes on to another runtime than `core`, which has admitted it.
  void leave(const RuntimeCore& core) {
    admitted_by = std::make_shared<const AdmittedBy>(AdmittedBy{&core, std::move(admitted_by)});
  }
  bool has_been_admitted_by(const RuntimeCore& core) const {
    for (const AdmittedBy* one = admitted_by.get(); one != nullptr; one = one->before.get())
      if (one->core == &core) return true;
    return false;
  }

  /// A check or a trial before a model serves: it is no traffic. Nothing counts it, learns from it or tells an observer
  /// of it.
  static CallOptions trial() {
    CallOptions call;
    call.is_trial = true;
    return call;
  }
};

}  // namespace gantry::inline GANTRY_ABI::detail
