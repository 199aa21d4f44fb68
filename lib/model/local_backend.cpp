// SPDX-License-Identifier: Apache-2.0
// Handing instances to calls; CallQueue says to which, batch_compute.cpp computes them.
#include "model/local_backend.hpp"

#include <algorithm>
#include <gantry/node.hpp>
#include <utility>

#include "core/error_or_out_of_memory.hpp"
#include "core/return_if_error.hpp"
#include "model/make_model.hpp"

namespace gantry::detail {
Result<std::shared_ptr<LocalBackend>> LocalBackend::make(std::shared_ptr<Engine> engine,
                                                         std::shared_ptr<RuntimeCore> runtime, int count,
                                                         std::string name, const BatchOptions& options) {
  std::vector<Instance> instances;
  for (int i = 0; i < count; ++i) {
    GANTRY_ASSIGN_OR_RETURN(auto instance, engine->make_instance(threads_for(engine->info(), runtime->options())));
    if (!instance)
      return Error(ErrorCode::kInvalidArgument, "the engine made no instance: make_instance() gave nullptr");
    instances.push_back({std::move(instance), {}});
  }
  std::shared_ptr<LocalBackend> backend(
      new LocalBackend(std::move(engine), std::move(runtime), std::move(instances), std::move(name), options));
  backend->runtime_->members().add(std::weak_ptr<RuntimeMember>(backend));
  return backend;
}

LocalBackend::LocalBackend(std::shared_ptr<Engine> engine, std::shared_ptr<RuntimeCore> runtime,
                           std::vector<Instance> instances, std::string name, const BatchOptions& options)
    : engine_(std::move(engine)),
      runtime_(std::move(runtime)),
      instance_count_(instances.size()),
      name_(std::move(name)),
      options_(options),
      max_merged_(options.max_batch),
      free_(std::move(instances)),
      queue_(options, runtime_->options(), instance_count_),
      releases_memory_(engine_->info().retains_memory && options.release_memory_after.count() > 0 &&
                       runtime_->options().execution == Execution::kPooled) {}

std::size_t LocalBackend::rows_of(const Tensors& inputs) const {
  if (!options_.has_batch_axis || inputs.empty()) return 1;
  return static_cast<std::size_t>(std::max<std::int64_t>(1, inputs[0].tensor.shape()[0]));
}

void LocalBackend::submit(Tensors inputs, const CallOptions& call, Function<void(Result<Tensors>)> done) {
  // A runtime in caller execution has no workers: the caller is the one to run it, if only a worker of another runtime.
  if (runtime_->options().execution == Execution::kCaller) return done(run(std::move(inputs), call));
  auto waiting = std::make_unique<Call>();
  waiting->rows = rows_of(inputs);
  waiting->bucket = bucket_of(inputs);
  waiting->inputs = std::move(inputs);
  waiting->options = call;
  waiting->done = std::move(done);
  if (runtime_->on_worker())
    submit_on_worker(std::move(waiting));
  else
    post_admitted(std::move(waiting));
}

void LocalBackend::post_admitted(CallPtr call) {
  const auto expected = [&] {
    const MutexLock lock(mutex_);
    return queue_.fastest(call->rows, call->bucket);
  }();
  auto admission = runtime_->admit(call->options, expected);
  if (!admission) {
    tell_wait(call->options, call->rows, runtime_->now(), &admission.error());
    return call->done(std::move(admission).error());
  }
  call->admission = *std::move(admission);
  const Call* const raw = call.get();
  const std::size_t rows = call->rows;
  runtime_->post_request(
      [self = shared_from_this(), call = std::move(call)](const Error* refusal) mutable {
        if (refusal) return answer(*call, *refusal);
        self->submit_on_worker(std::move(call));
      },
      raw->options, expected, rows);
}

void LocalBackend::answer(Call& call, Result<Tensors> result) {
  call.admission.end();
  call.done(std::move(result));
}

void LocalBackend::answer_all(CallList calls, const Error& error) {
  for (CallPtr call = std::move(calls.first); call; call = std::move(call->next)) answer(*call, error);
}

Result<Tensors> LocalBackend::run(Tensors inputs, const CallOptions& call) {
  if (!call.is_trial) counters_.calls.add();
  const std::size_t rows = rows_of(inputs);
  const auto arrived = runtime_->now();
  Instance instance;
  std::optional<Error> refusal;
  {
    const MutexLock lock(mutex_);
    refusal = queue_.check_health(arrived);
    if (!refusal) {
      if (!wait_for_instance(call.deadline))
        refusal = error_or_out_of_memory([] {  // an instance may have been left for this thread, so it must go on
          return Error(ErrorCode::kDeadlineExceeded, "the deadline passed while waiting for the model")
              .with_reason(ErrorReason::kDeadlinePassed);
        });
      else {
        const auto now = runtime_->now();
        queue_.begin_one(now);
        instance = take_instance(now);
      }
    }
  }
  if (refusal) {
    count_rejected(*refusal, call);
    tell_wait(call, rows, arrived, &*refusal);
    deal_out();  // an instance may have been left for this thread
    return *std::move(refusal);
  }
  if (!call.is_trial) counters_.queue_wait.record(instance.began - arrived);
  tell_wait(call, rows, arrived, nullptr);
  auto result = [&]() -> Result<Tensors> {
    try {
      return compute_rows(instance, inputs, rows, call, true);
    } catch (...) {
      return translate_exception();
    }
  }();
  give_back(std::move(instance));
  return result;
}

void LocalBackend::submit_on_worker(CallPtr call) {
  const auto now = runtime_->now();
  if (!call->options.is_trial) counters_.calls.add();
  std::optional<Error> refusal;
  Turn turn;
  bool needs_worker = false;
  try {
    const MutexLock lock(mutex_);
    refusal = queue_.arrive(call, now);
    if (!refusal) {
      // The others' calls that wait are not a helping caller's to compute.
      if (queue_.size() > 1 && runtime_->on_helping_caller())
        needs_worker = free_.size() > blocked_;
      else
        turn = next_turn(now);
    }
  } catch (...) {  // the call was not queued
    refusal = translate_exception();
  }
  if (refusal) {
    count_rejected(*refusal, call->options);
    tell_wait(call->options, call->rows, now, &*refusal);
    return answer(*call, *refusal);
  }
  if (needs_worker && !post_next()) serve_next();
  take(std::move(turn));
}

LocalBackend::Turn LocalBackend::next_turn(Clock::time_point now, bool may_wait) {
  Turn turn;
  if (free_.size() <= blocked_ || queue_.empty()) return turn;  // whoever gives an instance back goes on
  const auto when = may_wait ? queue_.when_to_serve(now, runtime_->queued()) : CallQueue::When::kNow;
  turn.is_deferred = when == CallQueue::When::kLate && !std::exchange(is_deferred_posted_, true);
  if (when == CallQueue::When::kInTime) turn.timer = queue_.timer_to_set();
  if (when != CallQueue::When::kNow) return turn;
  turn.batch = queue_.begin(now);
  if (turn.batch.calls.size == 0) return turn;
  turn.instance = take_instance(now);
  turn.has_more = free_.size() > blocked_ && !queue_.empty();
  return turn;
}

bool LocalBackend::wait_for_instance(const std::optional<Deadline>& deadline) {
  ++blocked_;
  while (free_.empty() && !(deadline && runtime_->now() >= *deadline)) {
    if (deadline)
      is_free_.wait_until(mutex_, runtime_->time(), *deadline);
    else
      is_free_.wait(mutex_);
  }
  --blocked_;
  return !free_.empty();
}

LocalBackend::Instance LocalBackend::take_instance(Clock::time_point now) {
  Instance instance = std::move(free_.back());
  free_.pop_back();
  instance.began = now;
  return instance;
}

void LocalBackend::give_back(Instance instance) {
  bool is_first = false;
  bool has_more = false;
  {
    const MutexLock lock(mutex_);
    queue_.end(instance.began);
    free_.push_back(std::move(instance));
    if (releases_memory_) {
      is_first = !std::exchange(is_release_set_, true);
      has_run_since_ = !is_first;
    }
    has_more = offer_instance();
  }
  if (is_first) set_release_timer();
  if (has_more) runtime_->post(make_job());
}

bool LocalBackend::offer_instance() {
  if (blocked_ > 0) is_free_.notify_one();
  return free_.size() > blocked_ && !queue_.empty();
}

void LocalBackend::set_release_timer() {
  runtime_->post_at(runtime_->now() + options_.release_memory_after, [weak = weak_from_this()](const Error* refusal) {
    if (const auto self = weak.lock()) self->release_memory(refusal != nullptr);
  });
}

void LocalBackend::release_memory(bool is_last) {
  bool has_run = false;
  do {
    if (is_last) {
      const MutexLock lock(mutex_);
      has_run_since_ = false;
    }
    try {
      engine_->release_idle_memory(is_last ? std::chrono::milliseconds(0) : options_.release_memory_after);
    } catch (...) {  // an engine of the host's own that breaks the rule
    }
    const MutexLock lock(mutex_);
    has_run = std::exchange(has_run_since_, false);
    is_release_set_ = has_run && !is_last;
  } while (has_run && is_last);  // what was given back meanwhile relied on this
  if (has_run) set_release_timer();
}

void LocalBackend::deal_out() {
  const bool has_more = [this] {
    const MutexLock lock(mutex_);
    return offer_instance();
  }();
  if (has_more) runtime_->post(make_job());
}

Job LocalBackend::make_job(bool is_deferred, std::optional<Clock::time_point> timer) {
  return [self = shared_from_this(), is_deferred, timer](const Error* refusal) {
    if (is_deferred || timer) {
      const MutexLock lock(self->mutex_);
      if (is_deferred) self->is_deferred_posted_ = false;
      if (timer) self->queue_.on_timer(*timer);
    }
    if (refusal && refusal->reason() == ErrorReason::kShutdown) {
      if (self->runtime_->on_helping_caller()) return;  // the shutdown waits for this thread and comes back
      return self->on_shutdown(*refusal);
    }
    self->serve_next(refusal == nullptr);  // also where there was no memory to queue this
  };
}

void LocalBackend::take(Turn turn) {
  if (turn.is_deferred) runtime_->post_deferred(make_job(true));
  if (turn.timer) runtime_->post_at(*turn.timer, make_job(false, turn.timer));
  if (turn.has_more) post_next();  // if it cannot, whoever gives an instance back does
  execute(std::move(turn));
}

bool LocalBackend::post_next() noexcept try {
  runtime_->post(make_job());
  return true;
} catch (...) {  // no memory for it
  return false;
}

void LocalBackend::serve_next(bool may_wait) {
  Turn turn;
  {
    const MutexLock lock(mutex_);
    turn = next_turn(runtime_->now(), may_wait);
  }
  take(std::move(turn));
}

void LocalBackend::on_shutdown(const Error& reason) {
  const auto take = [this] {  // one by one: a list of them would take memory
    const MutexLock lock(mutex_);
    return queue_.take_any(runtime_->now());
  };
  for (CallPtr call = take(); call; call = take()) {
    count_rejected(reason, call->options);
    tell_wait(call->options, call->rows, call->arrived, &reason);
    answer(*call, reason);
  }
}

std::size_t LocalBackend::next_trial(Clock::duration left) const {
  const MutexLock lock(mutex_);
  const std::size_t size = queue_.trial_size();
  return size > 0 && queue_.expected(size) <= left ? size : 0;
}

void LocalBackend::limit_merging(std::size_t most) {
  const MutexLock lock(mutex_);
  max_merged_ = most;
  for (std::size_t rows = 2 * most; rows <= options_.max_batch; ++rows)
    for (std::size_t bucket = 0; bucket < queue_.bucket_count(); ++bucket) queue_.forbid(rows, bucket);
}

ModelStats LocalBackend::stats() const {
  const auto load = [](const std::atomic<std::uint64_t>& counter) { return counter.load(std::memory_order_relaxed); };
  ModelStats stats;
  stats.name = name_;
  stats.engine = engine_->info().description;
  stats.calls = counters_.calls.load();
  stats.samples = counters_.samples.load();
  stats.batches = counters_.batches.load();
  stats.bad_inputs = load(counters_.bad_inputs);
  stats.model_errors = load(counters_.model_errors);
  stats.resource_errors = load(counters_.resource_errors);
  stats.retries = load(counters_.retries);
  for (std::size_t i = 0; i < stats.batch_sizes.size(); ++i) stats.batch_sizes[i] = counters_.batch_sizes[i].load();
  stats.rejects = counters_.rejects.snapshot();
  stats.queue_wait = counters_.queue_wait.snapshot();
  stats.compute = counters_.compute.snapshot();
  stats.gather = counters_.gather.snapshot();
  stats.instances = instance_count_;
  stats.memory = engine_->memory();
  const MutexLock lock(mutex_);
  stats.max_merged = max_merged_;
  stats.waiting = queue_.size();
  stats.running = queue_.running();
  stats.paying_batch = queue_.paying_batch();
  if (const auto unhealthy = queue_.check_health(runtime_->now())) {
    stats.health.is_ready = false;
    stats.health.reasons.push_back(unhealthy->message());
  }
  return stats;
}

}  // namespace gantry::detail
