// SPDX-License-Identifier: Apache-2.0
// Engine: the seam behind which a model is computed. gantry::torch implements it; a host may add its own.
//
// gantry deals the instances of an engine out to calls, batches them, and waits for them. What is computed elsewhere,
// or batches by itself, is a Backend (backend.hpp).
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

/// What an engine says of a loaded model.
struct EngineInfo {
  std::string kind;         ///< "torchscript", "aoti", ...
  std::string description;  ///< engine and version, for explain(): "TorchScript, LibTorch 2.15.0, cpu"
  Device device;
  bool mutates_inputs =
      false;  ///< it may write to its inputs or keep them: it gets a private copy and is never retried
  /// A run may write to something that outlives it, and that later runs see: buffers, attributes, what lists and dicts
  /// of the model hold. Each instance has a copy of its own, made from what was loaded.
  bool has_state = false;
  bool draws_random = false;    ///< it may draw random numbers, which no comparison of answers would show
  bool retains_memory = false;  ///< its instances may keep memory between runs: see Engine::release_idle_memory()
  int max_threads = 0;          ///< what one call can use of the threads it is given; 0: all
  /// The numbers of samples that one call computes, ascending; empty: any. Calls then come in exactly these. Samples
  /// that do not depend on each other are put together and taken apart for it; what is left over is computed one by
  /// one, or, where `batch_sizes` begins later, in the smallest size with its last sample repeated.
  std::vector<int> batch_sizes;
  std::string matching;  ///< how the signature's names were matched: "inputs by name, outputs by position"
};

/// One executable copy of a model. One thread at a time.
class GANTRY_API EngineInstance {
 public:
  virtual ~EngineInstance();
  /// `inputs` are in signature order, checked, contiguous, on the CPU. Outputs: signature order, contiguous, on the
  /// CPU. Errors: model_error if the model failed, resource_exhausted if memory did, unavailable if it may work
  /// elsewhere or later; with ErrorReason::kUnhealthy if the device failed for good, so that nothing can be computed
  /// until the process is started again. Must not throw.
  virtual Result<Tensors> run(const Tensors& inputs, const EngineCall& call) = 0;
};

/// A loaded model; instances share its weights.
class GANTRY_API Engine {
 public:
  virtual ~Engine();
  virtual const EngineInfo& info() const = 0;
  /// `threads`: intra-op threads each run of the instance may use. Thread-safe.
  virtual Result<std::unique_ptr<EngineInstance>> make_instance(int threads) = 0;
  /// What its weights and all instances occupy now. Thread-safe, also while instances run. Must not throw.
  virtual ModelMemory memory() const;
  /// Gives back what instances that have run nothing for `older_than` keep for their next run; the number of bytes.
  /// Called where `info().retains_memory`, ModelOptions::release_memory_after after a run, and with 0 as the runtime
  /// shuts down. Thread-safe, also while instances run. Must not throw.
  virtual std::size_t release_idle_memory(std::chrono::milliseconds older_than);
};

}  // namespace GANTRY_ABI
}  // namespace gantry
