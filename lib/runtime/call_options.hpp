// SPDX-License-Identifier: Apache-2.0
// CallOptions: a request's options as gantry's own layers pass them on: what its caller set, and what they add.
#pragma once

#include <gantry/engine_call.hpp>
#include <gantry/run_options.hpp>
#include <memory>
#include <string>

namespace gantry::detail {

class ObservedRequest;

/// What engines see of it is its base, so that it is made once a request.
struct CallOptions : EngineCall {
  int priority = 0;
  std::string tenant;
  /// As what the observer knows the request; nullptr if it is not observed.
  std::shared_ptr<const ObservedRequest> observed;

  CallOptions() = default;
  CallOptions(const RunOptions& options)  // NOLINT(google-explicit-constructor)
      : EngineCall{options.deadline, options.cancel, options.trace_parent, false},
        priority(options.priority),
        tenant(options.tenant) {}
  explicit CallOptions(const EngineCall& call) : EngineCall(call) {}

  /// A check or a trial before a model serves: it is no traffic. Nothing counts it, learns from it or tells an observer
  /// of it.
  static CallOptions trial() {
    CallOptions call;
    call.is_trial = true;
    return call;
  }
};

}  // namespace gantry::detail
