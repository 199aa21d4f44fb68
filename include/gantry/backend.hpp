// SPDX-License-Identifier: Apache-2.0
// Backend: the interface for a model that is computed elsewhere or in a custom way: by another process, an
// accelerator's server, a queue that batches. It answers asynchronously; the Model handles deadlines, stats and
// shutdown. examples/08_backend implements one over a connection that fails.
//
//   class Remote final : public gantry::Backend { ... };
//   Model model = Model::make(std::make_shared<Remote>("/run/model.sock"), signature, BackendOptions{}).value();
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <gantry/engine.hpp>
#include <gantry/engine_call.hpp>
#include <gantry/function.hpp>
#include <gantry/model_options.hpp>
#include <gantry/result.hpp>
#include <gantry/runtime.hpp>
#include <gantry/stats.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Counters of a backend, for ModelStats.
struct BackendStats {
  std::uint64_t batches = 0;  ///< computations that it requested
  std::uint64_t retries = 0;  ///< of these, repetitions of failed ones
  std::size_t waiting = 0;    ///< calls that are not sent yet, now
  std::size_t running = 0;    ///< computations that run now
  std::size_t instances = 0;  ///< computations that it can request at a time, for instance connections
};

/// Receives the calls of a Model.
///
/// Ownership: shared by the Model, its copies, and the calls in progress. It
///            belongs to one runtime; shutting that runtime down shuts the backend
///            down.
/// Threads:   thread-safe: the library calls every function concurrently.
/// Errors:    submit: through `done`; unavailable if a retry, elsewhere or later, may succeed. An exception from a
///            function becomes an error of the call, or makes the model unhealthy.
/// Cost:      one allocation per call, and a lock to register it before submit() and after `done`.
class GANTRY_API Backend {
 public:
  using Done = Function<void(Result<Tensors>)>;

  virtual ~Backend();
  /// Returns the same reference each time.
  virtual const EngineInfo& info() const = 0;
  /// Starts to compute `inputs`: in signature order, checked, contiguous, on the CPU. The backend calls `done` once, on
  /// any thread, holding no lock of its own, possibly before submit() returns. `done` takes outputs in signature order,
  /// on the CPU; the model checks them, and drops a second answer or one after the deadline, when the caller already
  /// has an error. Destroying `done` uncalled answers `unavailable`. submit() must not block: a worker of the runtime
  /// calls it. A pipeline that it forwards to needs another runtime: all workers of the model's may wait for answers,
  /// in Model::run().
  virtual void submit(Tensors inputs, const EngineCall& call, Done done) = 0;
  /// Default: nullopt; each call then counts as a batch of its own.
  virtual std::optional<BackendStats> stats() const;
  /// Whether the backend can serve calls. The model sends calls in any case: the backend knows best what to answer.
  virtual Health health() const;
  virtual ModelMemory memory() const;
  /// Refuses later calls with `unavailable`, ends or waits for calls in progress, and returns after the last
  /// `done`. The library calls it once, on the thread that shuts the runtime down; calls without an answer by then
  /// get `unavailable`. Answers during shutdown() reach callers of Model::run(); stages after the model no longer
  /// run.
  virtual void shutdown() = 0;
};

/// How a model uses a backend.
struct BackendOptions {
  /// Name in messages and stats; empty: EngineInfo::kind.
  std::string name;
  /// The runtime whose stats and health list the model, and whose shutdown ends the backend. Unset: the shared runtime.
  std::optional<Runtime> runtime;
  /// Maximum samples of one pipeline's batch, list or run_batch() that share a call, if `merge` allows it; 1..65536. A
  /// backend may merge the samples of several calls itself: it knows its rows.
  int max_batch = 16;
  /// Whether samples may share a call, as for an engine (model_options.hpp); kProven tests this on `examples`.
  Merge merge = Merge::kProven;
  /// Inputs as real calls pass them. Model::make() runs them before it returns, if `merge` or `warmup_runs` requires
  /// it.
  std::vector<Tensors> examples;
  /// Runs of the first example before Model::make() returns; 0..100.
  int warmup_runs = 0;
  /// A call without an answer after this time counts as hanging, and health() reports it. 0: no limit.
  std::chrono::milliseconds hang_after{60000};
};

}  // namespace GANTRY_ABI
}  // namespace gantry
