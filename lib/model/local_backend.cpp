// SPDX-License-Identifier: Apache-2.0
#include "model/local_backend.hpp"

#include <algorithm>
#include <gantry/translate_exception.hpp>
#include <new>
#include <utility>

#include "core/return_if_error.hpp"
#include "model/make_model.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

void answer(Call& call, Result<Tensors> result) {
  call.admission.end();
  call.done(std::move(result));
}

void answer_all(CallList calls, const Error& error) {
  for (CallPtr call = std::move(calls.first); call; call = std::move(call->next)) answer(*call, error);
}

std::chrono::milliseconds idle_time(const Engine& engine, const RuntimeOptions& runtime, const BatchOptions& options) {
  const bool can_release = engine.info().retains_memory && runtime.execution == Execution::kPooled;
  return can_release ? options.release_memory_after : std::chrono::milliseconds(0);
}

}  // namespace

Result<std::shared_ptr<LocalBackend>> LocalBackend::make(std::shared_ptr<Engine> engine,
                                                         std::shared_ptr<RuntimeCore> core, int count, std::string name,
                                                         const BatchOptions& options) {
  std::vector<Lane> lanes;
  for (int i = 0; i < count; ++i) {
    GANTRY_ASSIGN_OR_RETURN(auto instance, engine->make_instance(threads_for(engine->info(), core->options())));
    if (!instance)
      return Error(ErrorCode::kInvalidArgument, "the engine made no instance: make_instance() returned nullptr");
    lanes.push_back({std::move(instance), {}});
  }
  std::shared_ptr<LocalBackend> backend(
      new LocalBackend(std::move(engine), std::move(core), std::move(lanes), std::move(name), options));
  backend->core_->members().add(std::weak_ptr<RuntimeMember>(backend));
  return backend;
}

LocalBackend::LocalBackend(std::shared_ptr<Engine> engine, std::shared_ptr<RuntimeCore> core, std::vector<Lane> lanes,
                           std::string name, const BatchOptions& options)
    : engine_(std::move(engine)),
      core_(std::move(core)),
      options_(options),
      record_(std::move(name)),
      batcher_(options_, core_->options(), std::move(lanes)),
      computation_(options_, core_->time(), record_, batcher_),
      idle_memory_(std::make_shared<IdleMemory>(engine_, core_, idle_time(*engine_, core_->options(), options_))) {}

std::size_t LocalBackend::rows_of(const Tensors& inputs) const {
  if (!options_.has_batch_axis || inputs.empty()) return 1;
  return static_cast<std::size_t>(std::max<std::int64_t>(1, inputs[0].tensor.shape()[0]));
}

void LocalBackend::submit(Tensors inputs, const CallOptions& call, Function<void(Result<Tensors>)> done) {
  // A runtime in caller execution has no workers: the calling thread runs it, even if it is a worker of another
  // runtime.
  if (core_->options().execution == Execution::kCaller) return done(run(std::move(inputs), call));
  auto waiting = std::make_unique<Call>();
  waiting->rows = rows_of(inputs);
  waiting->bucket = computation_.bucket_of(inputs);
  waiting->inputs = std::move(inputs);
  waiting->options = call;
  waiting->done = std::move(done);
  if (core_->on_worker())
    submit_on_worker(std::move(waiting));
  else
    post_admitted(std::move(waiting));
}

void LocalBackend::post_admitted(CallPtr call) {
  const auto expected = batcher_.fastest(call->rows, call->bucket);
  auto admission = core_->admit(call->options, expected);
  if (!admission) {
    record_.tell_wait(call->options, call->rows, core_->now(), &admission.error());
    return call->done(std::move(admission).error());
  }
  call->admission = *std::move(admission);
  const Call* const raw = call.get();
  const std::size_t rows = call->rows;
  core_->post_request(
      [self = shared_from_this(), call = std::move(call)](const Error* refusal) mutable {
        if (refusal) return answer(*call, *refusal);
        self->submit_on_worker(std::move(call));
      },
      raw->options, expected, rows);
}

void LocalBackend::reject(const CallOptions& call, std::size_t rows, Clock::time_point arrived, const Error& why) {
  record_.count_rejected(why, call);
  record_.tell_wait(call, rows, arrived, &why);
}

Result<Tensors> LocalBackend::run(Tensors inputs, const CallOptions& call) {
  record_.count_arrival(call);
  const std::size_t rows = rows_of(inputs);
  const auto arrived = core_->now();
  auto lane = batcher_.wait_for_lane(core_->time(), call.deadline);
  if (!lane) {
    reject(call, rows, arrived, lane.error());
    if (batcher_.offer_lane()) core_->post(make_job());  // a lane may have been reserved for this thread
    return std::move(lane).error();
  }
  if (!call.is_trial) record_.counters().queue_wait.record(lane->began - arrived);
  record_.tell_wait(call, rows, arrived, nullptr);
  auto result = computation_.run_alone(*lane, inputs, rows, call);
  give_back(*std::move(lane));
  return result;
}

void LocalBackend::submit_on_worker(CallPtr call) {
  const auto now = core_->now();
  record_.count_arrival(call->options);
  Batcher::Arrival arrival;
  try {
    // A helping caller computes only its own call.
    arrival = batcher_.arrive(call, now, core_->queued(), !core_->on_helping_caller());
  } catch (...) {  // out of memory: the call was not queued
    arrival.refusal = translate_exception();
  }
  if (arrival.refusal) {
    reject(call->options, call->rows, now, *arrival.refusal);
    return answer(*call, *std::move(arrival.refusal));
  }
  if (arrival.needs_worker && !post_next()) serve_next();
  take(std::move(arrival.turn));
}

void LocalBackend::take(Batcher::Turn turn) {
  if (turn.wants_deferred) core_->post_deferred(make_job(true));
  if (turn.timer) core_->post_at(*turn.timer, make_job(false, turn.timer));
  if (turn.has_more) post_next();  // if it fails, give_back() posts a job later
  compute(std::move(turn));
}

void LocalBackend::compute(Batcher::Turn turn) {
  Batch& batch = turn.batch;
  for (CallPtr call = std::move(batch.refused.first); call; call = std::move(call->next)) {
    reject(call->options, call->rows, call->arrived, *call->refusal);
    answer(*call, *call->refusal);
  }
  if (batch.calls.size == 0) return;
  const auto began = core_->now();
  std::vector<Call*> calls;
  BatchComputation::Results results;
  try {
    calls.reserve(batch.calls.size);
    results.reserve(batch.calls.size);
  } catch (const std::bad_alloc&) {
    give_back(std::move(turn.lane));
    return answer_all(std::move(batch.calls), translate_exception());
  }
  for (Call* call = batch.calls.first.get(); call; call = call->next.get()) {
    if (!call->options.is_trial) record_.counters().queue_wait.record(began - call->arrived);
    record_.tell_wait(call->options, call->rows, call->arrived, nullptr);
    calls.push_back(call);
  }
  computation_.run(turn.lane, calls, results);
  give_back(std::move(turn.lane));
  std::size_t index = 0;
  for (CallPtr call = std::move(batch.calls.first); call; call = std::move(call->next))
    answer(*call, std::move(results[index++]));
}

void LocalBackend::give_back(Lane lane) {
  const bool has_more = batcher_.give_back(std::move(lane));
  idle_memory_->on_run();
  if (has_more) core_->post(make_job());
}

Job LocalBackend::make_job(bool is_deferred, std::optional<Clock::time_point> timer) {
  return [self = shared_from_this(), is_deferred, timer](const Error* refusal) {
    if (is_deferred) self->batcher_.on_deferred();
    if (timer) self->batcher_.on_timer(*timer);
    if (refusal && refusal->reason() == ErrorReason::kShutdown) {
      if (self->core_->on_helping_caller()) return;  // RuntimeCore::stop() waits for this thread, then calls again
      return self->on_shutdown(*refusal);
    }
    self->serve_next(refusal == nullptr);  // also if the job was refused because it could not be queued
  };
}

bool LocalBackend::post_next() noexcept try {
  core_->post(make_job());
  return true;
} catch (...) {  // no memory for the job
  return false;
}

void LocalBackend::serve_next(bool may_wait) {
  take(batcher_.next_turn(core_->now(), core_->queued(), may_wait));
}

void LocalBackend::on_shutdown(const Error& reason) {
  for (CallPtr call = batcher_.take_any(core_->now()); call; call = batcher_.take_any(core_->now())) {
    reject(call->options, call->rows, call->arrived, reason);  // one at a time: a list would need memory
    answer(*call, reason);
  }
}

void LocalBackend::limit_merging(std::size_t most) {
  computation_.limit_merging(most);
  for (std::size_t rows = 2 * most; rows <= options_.max_batch; ++rows)
    for (std::size_t bucket = 0; bucket < batcher_.bucket_count(); ++bucket) batcher_.forbid(rows, bucket);
}

ModelStats LocalBackend::stats() const {
  ModelStats stats;
  record_.add_to(stats);
  batcher_.add_to(stats, core_->now());
  stats.engine = engine_->info().description;
  stats.memory = engine_->memory();
  stats.max_merged = computation_.max_merged();
  return stats;
}

}  // namespace gantry::inline GANTRY_ABI::detail
