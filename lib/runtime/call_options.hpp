// SPDX-License-Identifier: Apache-2.0
// CallOptions: a request's options inside gantry: what the caller set (RunOptions), plus what gantry's layers add.
#pragma once

#include <gantry/engine_call.hpp>
#include <gantry/run_options.hpp>
#include <memory>
#include <string>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

class ObservedRequest;
class RuntimeCore;

/// The runtimes that have admitted a request that passes through several runtimes, as a linked list from the last to
/// the first.
struct AdmittedBy {
  const RuntimeCore* core;
  std::shared_ptr<const AdmittedBy> before;
};

/// Engines see only the base class, EngineCall, so that one object per request serves both.
struct CallOptions : EngineCall {
  /// When the pipeline was called.
  TimeSource::Time began{};
  /// The request as the observer knows it; nullptr if it is not observed.
  std::shared_ptr<const ObservedRequest> observed;

  /// The runtimes that have admitted the request that this one is part of; nullptr if there are none, or only the
  /// current one.
  std::shared_ptr<const AdmittedBy> admitted_by;

  CallOptions() = default;
  CallOptions(const RunOptions& options)  // NOLINT(google-explicit-constructor)
      : EngineCall{options.deadline, options.cancel, options.trace_parent, options.priority, options.tenant} {}
  explicit CallOptions(const EngineCall& call) : EngineCall(call) {}

  /// Call it before the request is passed from `core`, which has admitted it, to another runtime.
  void leave(const RuntimeCore& core) {
    admitted_by = std::make_shared<const AdmittedBy>(AdmittedBy{&core, std::move(admitted_by)});
  }
  bool has_been_admitted_by(const RuntimeCore& core) const {
    for (const AdmittedBy* one = admitted_by.get(); one != nullptr; one = one->before.get())
      if (one->core == &core) return true;
    return false;
  }

  /// Options of a warm-up or check call before a model serves. It is not traffic: it is not counted, its time is not
  /// learned, and no observer sees it.
  static CallOptions trial() {
    CallOptions call;
    call.is_trial = true;
    return call;
  }
};

}  // namespace gantry::inline GANTRY_ABI::detail
