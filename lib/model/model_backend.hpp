// SPDX-License-Identifier: Apache-2.0
// ModelBackend: the interface behind ModelCall: an engine in this process (LocalBackend) or a host's Backend
// (HostBackend).
#pragma once

#include <gantry/engine.hpp>
#include <gantry/function.hpp>
#include <gantry/result.hpp>
#include <gantry/tensor.hpp>

#include "runtime/call_options.hpp"

namespace gantry::inline GANTRY_ABI::detail {

class ModelBackend {
 public:
  virtual ~ModelBackend() = default;
  virtual const EngineInfo& info() const = 0;
  /// Runs `inputs`, which match the signature. `done` is called exactly once, on any thread, never while a lock is
  /// held; it may be called before submit returns.
  virtual void submit(Tensors inputs, const CallOptions& call, Function<void(Result<Tensors>)> done) = 0;
  /// The same on the calling thread, blocking.
  virtual Result<Tensors> run(Tensors inputs, const CallOptions& call) = 0;
};

}  // namespace gantry::inline GANTRY_ABI::detail
