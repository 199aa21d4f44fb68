// SPDX-License-Identifier: Apache-2.0
// Backend: the seam behind which a model is computed elsewhere, or in a way of the host's own: another process, an
// accelerator's server, a queue that batches. It answers when it can; the model sees to deadlines, stats and shutdown.
// examples/08_backend is one with a connection that fails.
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

/// What a backend has done, for ModelStats.
struct BackendStats {
  std::uint64_t batches = 0;  ///< computations that it asked for
  std::uint64_t retries = 0;  ///< of these, that repeated what had failed
  std::size_t waiting = 0;    ///< calls that are not yet on their way, now
  std::size_t running = 0;    ///< computations, now
  std::size_t instances = 0;  ///< computations that it can ask for at a time; connections, say
};

/// What a Model sends its calls to.
///
/// Ownership: shared by the Model, its copies, and the calls under way. It belongs to one runtime, whose shutdown shuts
/// it
///            down.
/// Threads:   thread-safe: everything is called concurrently.
/// Errors:    submit: through `done`; unavailable where another try, elsewhere or later, may succeed. What a function
///            throws becomes an error of the call, or an unhealthy model.
/// Cost:      a call is registered under a lock before submit() and after `done`, and costs an allocation.
class GANTRY_API Backend {
 public:
  using Done = Function<void(Result<Tensors>)>;

  virtual ~Backend();
  /// The same reference each time.
  virtual const EngineInfo& info() const = 0;
  /// Begins to compute `inputs`: in signature order, checked, contiguous, on the CPU. `done` is to be called once, on
  /// any thread, under no lock of the backend's; also before submit() returns. It takes outputs in signature order, on
  /// the CPU; the model checks them. What comes a second time, or after the call's deadline, is dropped: the caller was
  /// answered then. A `done` that goes away uncalled answers `unavailable`. Must not block: a worker of the runtime
  /// calls it. What it forwards to a pipeline belongs on another runtime than the model's: the workers of that one may
  /// all wait for such answers, in callables that call Model::run().
  virtual void submit(Tensors inputs, const EngineCall& call, Done done) = 0;
  /// Nothing: calls are counted as batches of their own.
  virtual std::optional<BackendStats> stats() const;
  /// Whether it makes sense to send calls. They are sent all the same: the backend knows best what to answer.
  virtual Health health() const;
  virtual ModelMemory memory() const;
  /// Refuses what is submitted from now on with `unavailable`, ends or waits for what is under way, and returns after
  /// the last `done`. Called once, when the runtime shuts down, on the thread that does that; what has no answer then
  /// gets `unavailable`. What answers meanwhile reaches callers of Model::run(); stages behind the model do not run any
  /// more.
  virtual void shutdown() = 0;
};

/// How a model uses a backend.
struct BackendOptions {
  /// Name in messages and stats; empty: EngineInfo::kind.
  std::string name;
  /// Whose stats and health list the model, and whose shutdown ends the backend. Unset: the shared runtime.
  std::optional<Runtime> runtime;
  /// Samples of one pipeline's batch, list or run_batch() that share a call at most, where `merge` allows it; 1..65536.
  /// A backend may merge what several calls bring as it likes: it knows its rows.
  int max_batch = 16;
  /// Whether samples may share a call, as of an engine (model_options.hpp); kProven looks at `examples`.
  Merge merge = Merge::kProven;
  /// Inputs as calls bring them. They are run before the model is handed out, where `merge` or `warmup_runs` asks for
  /// it.
  std::vector<Tensors> examples;
  /// Runs of the first example before the model is handed out; 0..100.
  int warmup_runs = 0;
  /// A call that has no answer for longer is hanging, and health() says so. 0: no bound.
  std::chrono::milliseconds hang_after{60000};
};

}  // namespace GANTRY_ABI
}  // namespace gantry
