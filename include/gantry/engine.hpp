// SPDX-License-Identifier: Apache-2.0
// Engine: the interface that computes a model. gantry::torch implements it; a host application may add its own.
//
// gantry assigns an engine's instances to calls, batches the calls, and waits for the results. A model that is computed
// elsewhere, or that batches by itself, is a Backend (backend.hpp).
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gantry/device.hpp>
#include <gantry/engine_call.hpp>
#include <gantry/function.hpp>
#include <gantry/stats.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Properties of a loaded model, as its engine reports them.
struct EngineInfo {
  std::string kind;         ///< "torchscript", "aoti", ...
  std::string description;  ///< engine and version, for explain(): "TorchScript, LibTorch 2.15.0, cpu"
  Device device;
  bool mutates_inputs =
      false;  ///< the engine may write to its inputs or keep them: it gets a private copy and is never retried
  /// Runs may change state that later runs see: buffers, attributes, contents of the model's lists and dicts. Each
  /// instance has its own copy of this state, made from the loaded model.
  bool has_state = false;
  bool draws_random = false;    ///< may draw random numbers, which comparing answers would not reveal
  bool retains_memory = false;  ///< instances may keep memory between runs: see Engine::release_idle_memory()
  int max_threads = 0;          ///< maximum threads that one call can use; 0: all that it is given
  /// The batch sizes that one call can compute, ascending; empty: any. The library calls the engine with these sizes
  /// only: it merges and splits independent samples to match. It computes the remaining samples one by one or, if
  /// `batch_sizes` starts above 1, in the smallest size with its last sample repeated.
  std::vector<int> batch_sizes;
  std::string matching;  ///< how the signature's names were matched: "inputs by name, outputs by position"
};

/// One executable copy of a model. Used by one thread at a time.
class GANTRY_API EngineInstance {
 public:
  virtual ~EngineInstance();
  /// `inputs` are in signature order, checked, contiguous, on the CPU. Outputs: signature order, contiguous, on the
  /// CPU. Errors: model_error if the model failed, resource_exhausted if memory ran out, unavailable if a retry,
  /// elsewhere or later, may succeed; with ErrorReason::kUnhealthy if the device failed permanently and cannot compute
  /// until the process restarts. Must not throw.
  virtual Result<Tensors> run(const Tensors& inputs, const EngineCall& call) = 0;
};

/// A loaded model; instances share its weights.
class GANTRY_API Engine {
 public:
  virtual ~Engine();
  virtual const EngineInfo& info() const = 0;
  /// `threads`: intra-op threads that each run of the instance may use. Thread-safe.
  virtual Result<std::unique_ptr<EngineInstance>> make_instance(int threads) = 0;
  /// The memory that the weights and all instances occupy now. Thread-safe, also while instances run. Must not throw.
  virtual ModelMemory memory() const;
  /// Releases the memory that instances idle for `older_than` keep for their next run; returns the number of bytes. The
  /// library calls it if `info().retains_memory`: ModelOptions::release_memory_after after a run, and with 0 when the
  /// runtime shuts down. Thread-safe, also while instances run. Must not throw.
  virtual std::size_t release_idle_memory(std::chrono::milliseconds older_than);
};

}  // namespace GANTRY_ABI
}  // namespace gantry
