// SPDX-License-Identifier: Apache-2.0
// LocalBackend: an engine in this process: its instances, the calls that wait for one, and the batches made of them.
//
// Every call is queued, and a worker that finds an instance free takes as many as pay (LatencyModel), in the order of
// FairQueue. It does so at once, unless more samples would pay and more may come for nothing: then the batch is left to
// deferred work of the runtime, which begins when the requests that are queued now have come as far as this model.
#pragma once

#include <atomic>
#include <cstdint>
#include <gantry/engine.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/mutex.hpp"
#include "model/call_queue.hpp"
#include "model/model_backend.hpp"
#include "model/model_counters.hpp"
#include "runtime/observed_request.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::detail {

class LocalBackend final : public ModelBackend,
                           public RuntimeMember,
                           public std::enable_shared_from_this<LocalBackend> {
 public:
  /// Makes `count` instances.
  static Result<std::shared_ptr<LocalBackend>> make(std::shared_ptr<Engine> engine,
                                                    std::shared_ptr<RuntimeCore> runtime, int count, std::string name,
                                                    const BatchOptions& options);

  const EngineInfo& info() const override { return engine_->info(); }
  void submit(Tensors inputs, const CallOptions& call, Function<void(Result<Tensors>)> done) override;
  Result<Tensors> run(Tensors inputs, const CallOptions& call) override;
  void on_shutdown(const Error& reason) override;
  ModelStats stats() const override;

  /// The next batch size to try out before calls come; 0: none, or it would take longer than `left`.
  std::size_t next_trial(Clock::duration left) const;
  /// Before calls come: batches of twice `most` samples come back wrong, or fail; no more than `most` are used.
  void limit_merging(std::size_t most);

  std::size_t instance_count() const { return instance_count_; }
  ModelCounters& counters() { return counters_; }

 private:
  /// An instance, and since when it is at work: CallQueue knows it by that.
  struct Instance {
    std::unique_ptr<EngineInstance> engine;
    Clock::time_point began{};
  };
  using Results = std::vector<Result<Tensors>>;
  /// A batch with the instance that computes it, or what is to be posted for a later one.
  struct Turn {
    Batch batch;
    Instance instance;
    bool is_deferred = false;
    bool has_more = false;  // another instance is free for calls that are left
    std::optional<Clock::time_point> timer;
  };
  LocalBackend(std::shared_ptr<Engine> engine, std::shared_ptr<RuntimeCore> runtime, std::vector<Instance> instances,
               std::string name, const BatchOptions& options);
  std::size_t rows_of(const Tensors& inputs) const;
  std::size_t bucket_of(const Tensors& inputs) const {
    return options_.padding ? options_.padding->bucket_of(inputs) : 0;
  }
  void submit_on_worker(CallPtr call);
  void post_admitted(CallPtr call);
  static void answer(Call& call, Result<Tensors> result);
  static void answer_all(CallList calls, const Error& error);

  /// What this thread is to do next for the calls that wait.
  Turn next_turn(Clock::time_point now, bool may_wait = true) GANTRY_REQUIRES(mutex_);
  /// False if `deadline` came first.
  bool wait_for_instance(const std::optional<Deadline>& deadline) GANTRY_REQUIRES(mutex_);
  /// For work that begins `now`.
  Instance take_instance(Clock::time_point now) GANTRY_REQUIRES(mutex_);
  void take(Turn turn);
  /// Lets a worker serve what waits.
  bool post_next() noexcept;

  void execute(Turn turn);
  /// Appends one result for each call.
  void compute(Instance& instance, Span<Call* const> calls, bool may_retry_memory, Results& results);
  /// The calls of a batch as one engine call, or the error of all.
  Result<std::vector<Tensors>> compute_together(Instance& instance, Span<Call* const> calls, std::size_t rows);
  Result<Tensors> compute_rows(Instance& instance, const Tensors& inputs, std::size_t rows, const CallOptions& call,
                               bool may_retry_memory);
  /// compute_rows() of at most `size` rows at a time, joined.
  Result<Tensors> compute_parts(Instance& instance, const Tensors& inputs, std::size_t rows, std::size_t size,
                                const CallOptions& call, bool may_retry_memory);
  /// run_engine() on what padding makes of one call's inputs.
  Result<Tensors> run_padded(Instance& instance, const Tensors& inputs, std::size_t rows, const CallOptions& call);
  /// run_engine() in calls of the sizes that the engine computes.
  Result<Tensors> run_sized(Instance& instance, const Tensors& inputs, std::size_t rows, const CallOptions& call,
                            Span<Call* const> together = {});
  /// `together`: the calls of a batch of several.
  Result<Tensors> run_engine(Instance& instance, const Tensors& inputs, std::size_t rows, const CallOptions& call,
                             Span<Call* const> together = {});
  /// For the observers of the requests.
  void tell_wait(const CallOptions& call, std::size_t rows, Clock::time_point arrived, const Error* refusal) const;
  void tell_engine_call(const CallOptions& call, Span<Call* const> together, EndedSpan span) const noexcept;
  void count(const Error& error, const CallOptions& call);
  void count_rejected(const Error& error, const CallOptions& call);
  void count_run(std::size_t rows, Clock::duration took);
  void give_back(Instance instance);
  /// Posts release_memory() for when what was given back now has been idle for long enough. There is one such timer at
  /// most, and none once nothing has run since it was set: an idle process sleeps.
  void set_release_timer();
  /// `is_last`: no timer will fire any more, so gives back what there is.
  void release_memory(bool is_last);
  /// Wakes a blocked thread; true if an instance is left for calls that wait.
  bool offer_instance() GANTRY_REQUIRES(mutex_);
  /// Sees to it that a free instance is used.
  void deal_out();
  /// serve_next(); `is_deferred` or `timer` says what is to be posted anew after it.
  Job make_job(bool is_deferred = false, std::optional<Clock::time_point> timer = std::nullopt);
  /// Computes the next batch. The instance is taken here and not when the job is posted: a job in the queue that held
  /// one could wait for a worker that is blocked waiting for just that instance. Unless it `may_wait`, nothing is left
  /// to a later job: there was no memory to post one.
  void serve_next(bool may_wait = true);

  // The instances refer to the engine, so they are declared after it.
  const std::shared_ptr<Engine> engine_;
  std::shared_ptr<RuntimeCore> runtime_;
  const std::size_t instance_count_;
  const std::string name_;
  const BatchOptions options_;
  std::size_t max_merged_;  // set before calls come
  mutable Mutex mutex_;
  CondVar is_free_;
  std::size_t blocked_ GANTRY_GUARDED_BY(mutex_) =
      0;  // threads inside run() that wait; served first, since they may hold a worker
  std::vector<Instance> free_ GANTRY_GUARDED_BY(mutex_);
  CallQueue queue_ GANTRY_GUARDED_BY(mutex_);
  bool is_deferred_posted_ GANTRY_GUARDED_BY(mutex_) = false;
  const bool releases_memory_;
  bool is_release_set_ GANTRY_GUARDED_BY(mutex_) = false;
  bool has_run_since_ GANTRY_GUARDED_BY(mutex_) = false;  // it was set
  std::atomic<std::uint64_t> engine_calls_{0};
  ModelCounters counters_;
};

}  // namespace gantry::detail
