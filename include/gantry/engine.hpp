// SPDX-License-Identifier: Apache-2.0
// Engine: the seam behind which a model is computed. gantry::torch implements it; a host may add its own.
//
// Above it: Backend, what a Model talks to. A local Backend owns an Engine and its instances; a remote one talks to
// another process. The pipeline does not know the difference.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <gantry/function.hpp>
#include <gantry/padding.hpp>
#include <gantry/run_options.hpp>
#include <gantry/runtime.hpp>
#include <gantry/signature.hpp>
#include <gantry/stats.hpp>
#include <gantry/tensor.hpp>

namespace gantry {

struct ModelOptions {
  /// Where the model runs. Nothing falls back: a missing device is failed_precondition.
  Device device = Device::cpu();
  /// Samples stacked into one engine call at most; 1..65536. 0: what the model's package says, or 16.
  int max_batch = 0;
  /// Calls of several callers whose samples have the same shapes may share an engine call, of up to `max_batch`
  /// samples: what waits when an instance is free goes together, as far as that is faster than one by one, which is
  /// measured: each size is tried two or three times, on zero-filled inputs while the model is loaded where all samples
  /// are of one shape, for 2.5 s at most (not with `warmup_runs` 0); else, and beyond that, when that many samples
  /// wait. Less than a hundredth of the samples later go into batches that look again. Never where the engine writes to
  /// its inputs, or the signature has no batch axis.
  bool batch_across_callers = true;
  /// How long a call may wait for others to share a batch with; less if its deadline demands it. 0: not at all. Pays
  /// where few callers meet a model that is much faster in batches. 0..10 s.
  std::chrono::microseconds max_delay{0};
  /// Sequences of different lengths share batches, padded to a few lengths. Unset: only equal shapes do.
  std::optional<Padding> padding;
  /// An engine call that takes longer counts as hanging: health() says so, and the model takes no calls until it has
  /// returned. 0: no bound.
  std::chrono::milliseconds hang_after{60000};
  /// Runs on zero-filled inputs before the model is handed out (profiling executors optimise on run 2). 0..100.
  int warmup_runs = 3;
  /// Engine calls at a time. 0: one per worker of the runtime.
  int instances = 0;
  /// Name in messages; empty: the file's name.
  std::string name;
  /// A directory an engine may unpack code into; empty: the system's temporary directory. Must allow execution.
  std::string scratch_dir;
  /// Unset: the shared runtime.
  std::optional<Runtime> runtime;
  /// The LibTorch engines on the CPU: keep the memory of a run's large intermediate results (from 64 KiB) for the next
  /// run, rather than give it back to the system and page it in again. Costs each instance at most 256 MiB beyond what
  /// it computes in, and no more than its last 16 runs used, until it has been idle for `release_memory_after`. The
  /// first engine that keeps memory puts an allocator in front of LibTorch's own, for the process, which passes on all
  /// that is not allocated in a run. EfficientNet-lite0: 1.5 times as fast at a batch of 1, twice at 8.
  bool retain_activation_memory = true;
  /// An instance that has run nothing for so long gives back what it keeps for its next run; a worker of the runtime
  /// wakes up for that, and sleeps on once nothing is kept. In caller execution there is no worker: what is kept stays
  /// until the host calls libtorch::release_idle_activation_memory(), or the model ends. 0: so in pooled execution,
  /// too. 0..1 day.
  std::chrono::milliseconds release_memory_after{5000};
};

/// What an engine says of a loaded model.
struct EngineInfo {
  std::string kind;         ///< "torchscript", "aoti", ...
  std::string description;  ///< engine and version, for explain(): "TorchScript, LibTorch 2.15.0, cpu"
  Device device;
  bool mutates_inputs = false;  ///< it may write to its inputs: it gets a private copy and is never retried
  bool retains_memory = false;  ///< its instances may keep memory between runs: see Engine::release_idle_memory()
};

/// One executable copy of a model. One thread at a time.
class GANTRY_API EngineInstance {
 public:
  virtual ~EngineInstance();
  /// `inputs` are in signature order, checked, contiguous, on the CPU. Outputs: signature order, contiguous, on the
  /// CPU. Errors: model_error if the model failed, resource_exhausted if memory did, failed_precondition if the device
  /// failed for good, so that nothing can be computed until the process is started again. Must not throw.
  virtual Result<Tensors> run(const Tensors& inputs, const RunOptions& call) = 0;
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

/// How a package's model file becomes an Engine; what `gantry::libtorch::engines()` returns a list of.
struct EngineLoader {
  std::string kind;
  /// The full load: file, signature, options.
  std::function<Result<std::unique_ptr<Engine>>(const std::string& path, const Signature&, const ModelOptions&)> load;
  /// The version of what it is built on, compared with a package's `requires`: "2.15.0".
  std::string version;
};

/// What a Model sends its batches to.
class GANTRY_API Backend {
 public:
  virtual ~Backend();
  virtual const EngineInfo& info() const = 0;
  /// Runs `inputs`, which the signature has accepted. `done` is called exactly once, on any thread, never under a lock;
  /// it may be called before submit returns.
  virtual void submit(Tensors inputs, const RunOptions& call, Function<void(Result<Tensors>)> done) = 0;
  /// The same on the calling thread, blocking.
  virtual Result<Tensors> run(Tensors inputs, const RunOptions& call) = 0;
};

}  // namespace gantry
