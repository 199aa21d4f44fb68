// SPDX-License-Identifier: Apache-2.0
// LocalBackend: an engine in this process. Every call is queued at the Batcher, and a worker that finds a lane free
// takes as many as pay. It does so at once, unless more samples would pay and more may come for nothing: then the batch
// is left to deferred work of the runtime, which begins when the requests that are queued now have come as far as this
// model.
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
/// Threads:   thread-safe; an answer is given under no lock.
/// Errors:    each call is answered once, at the latest by the shutdown.
/// Cost:      Batcher's, and one hand-off to a worker for each batch.
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

  /// The next batch size to try out before calls come; 0: none, or it would take longer than `left`.
  std::size_t next_trial(Clock::duration left) const { return batcher_.next_trial(left); }
  /// Before calls come: batches of twice `most` samples come back wrong, or fail; no more than `most` are used.
  void limit_merging(std::size_t most);
  ModelCounters& counters() { return record_.counters(); }

 private:
  LocalBackend(std::shared_ptr<Engine> engine, std::shared_ptr<RuntimeCore> core, std::vector<Lane> lanes,
               std::string name, const BatchOptions& options);
  std::size_t rows_of(const Tensors& inputs) const;
  void submit_on_worker(CallPtr call);
  void post_admitted(CallPtr call);
  /// Counts and tells a call that is not computed.
  void reject(const CallOptions& call, std::size_t rows, Clock::time_point arrived, const Error& why);
  /// Posts what the turn wants, and computes its batch.
  void take(Batcher::Turn turn);
  void compute(Batcher::Turn turn);
  void give_back(Lane lane);
  /// Has a worker serve what waits. False: no memory for it.
  bool post_next() noexcept;
  /// serve_next(); `is_deferred` or `timer` says what is to be posted anew after it.
  Job make_job(bool is_deferred = false, std::optional<Clock::time_point> timer = std::nullopt);
  /// Computes the next batch. The lane is taken here and not when the job is posted: a job in the queue that held one
  /// could wait for a worker that is blocked waiting for just that lane. Unless it `may_wait`, nothing is left to a
  /// later job: there was no memory to post one.
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
