// SPDX-License-Identifier: Apache-2.0
// LocalBackend: an engine in this process. Every call is queued at the Batcher. A worker that finds a free lane takes a
// batch of the size that pays. It does so at once, unless a larger batch pays and queued requests may still add to it:
// then it leaves the batch to deferred work of the runtime, which begins after the requests that are queued now have
// reached this model. Waiting for them costs nothing, since the worker runs them meanwhile.
#pragma once

#include <gantry/engine.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/batch_computation.hpp"
#include "model/batcher.hpp"
#include "model/idle_memory.hpp"
#include "model/model_backend.hpp"
#include "model/model_record.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: shares the engine and the runtime's core.
/// Threads:   thread-safe; calls complete while no lock is held.
/// Errors:    each call completes exactly once, at the latest by the shutdown.
/// Cost:      that of Batcher, plus one job per batch.
class LocalBackend final : public ModelBackend,
                           public RuntimeMember,
                           public std::enable_shared_from_this<LocalBackend> {
 public:
  /// Makes `count` instances.
  static Result<std::shared_ptr<LocalBackend>> make(std::shared_ptr<Engine> engine, std::shared_ptr<RuntimeCore> core,
                                                    int count, std::string name, const BatchOptions& options);

  const EngineInfo& info() const override { return engine_->info(); }
  void submit(Tensors inputs, const CallOptions& call, Function<void(Result<Tensors>)> done) override;
  Result<Tensors> run(Tensors inputs, const CallOptions& call) override;
  void on_shutdown(const Error& reason) override;
  ModelStats stats() const override;

  /// The next batch size to measure before the model serves; 0 if there is none, or it would take longer than `left`.
  std::size_t next_trial(Clock::duration left) const { return batcher_.next_trial(left); }
  /// Limits merged batches to `most` samples, because larger ones gave wrong results or failed. Call it before the
  /// model serves.
  void limit_merging(std::size_t most);
  ModelCounters& counters() { return record_.counters(); }

 private:
  LocalBackend(std::shared_ptr<Engine> engine, std::shared_ptr<RuntimeCore> core, std::vector<Lane> lanes,
               std::string name, const BatchOptions& options);
  std::size_t rows_of(const Tensors& inputs) const;
  void submit_on_worker(CallPtr call);
  void post_admitted(CallPtr call);
  /// Counts a call that is not computed, and reports it to its observer.
  void reject(const CallOptions& call, std::size_t rows, Clock::time_point arrived, const Error& why);
  /// Posts the jobs that the turn wants, and computes its batch.
  void take(Batcher::Turn turn);
  void compute(Batcher::Turn turn);
  void give_back(Lane lane);
  /// Posts a job that serves waiting calls. False if there is no memory for it.
  bool post_next() noexcept;
  /// A job that calls serve_next(). `is_deferred` or `timer`: what it was posted for; it marks that as done, so that it
  /// can be posted again.
  Job make_job(bool is_deferred = false, std::optional<Clock::time_point> timer = std::nullopt);
  /// Computes the next batch. The lane is taken here and not when the job is posted: a queued job that held a lane
  /// could wait for a worker that is itself blocked waiting for that lane. `may_wait`: false if there was no memory to
  /// post a later job, so that the batch must be computed now.
  void serve_next(bool may_wait = true);

  // The lanes' instances refer to the engine, so they are declared after it.
  const std::shared_ptr<Engine> engine_;
  const std::shared_ptr<RuntimeCore> core_;
  const BatchOptions options_;
  ModelRecord record_;
  Batcher batcher_;
  BatchComputation computation_;
  const std::shared_ptr<IdleMemory> idle_memory_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
