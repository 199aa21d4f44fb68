// SPDX-License-Identifier: Apache-2.0
// Handing instances to calls.
#include "model/local_backend.hpp"

#include <utility>

#include "gantry/node.hpp"

namespace gantry::detail {

Result<std::shared_ptr<LocalBackend>> LocalBackend::make(std::unique_ptr<Engine> engine,
                                                         std::shared_ptr<RuntimeCore> runtime, int count) {
  std::vector<Instance> instances;
  for (int i = 0; i < count; ++i) {
    auto instance = engine->make_instance(runtime->options().intra_op_threads);
    if (!instance) return std::move(instance).error();
    if (!*instance)
      return Error(ErrorCode::kInvalidArgument, "the engine made no instance: make_instance() gave nullptr");
    instances.push_back(*std::move(instance));
  }
  std::shared_ptr<LocalBackend> backend(new LocalBackend(std::move(engine), std::move(runtime), std::move(instances)));
  backend->runtime_->add_listener(backend);
  return backend;
}

LocalBackend::LocalBackend(std::unique_ptr<Engine> engine, std::shared_ptr<RuntimeCore> runtime,
                           std::vector<Instance> instances)
    : engine_(std::move(engine)),
      runtime_(std::move(runtime)),
      instance_count_(instances.size()),
      free_(std::move(instances)) {}

void LocalBackend::submit(Tensors inputs, const RunOptions& call, Function<void(Result<Tensors>)> done) {
  // A runtime in caller execution has no workers: the caller is the one to run it, if only a worker of another runtime.
  if (runtime_->options().execution == Execution::kCaller) return done(run(std::move(inputs), call));
  auto waiting = std::make_unique<Waiting>(Waiting{std::move(inputs), call, std::move(done), {}});
  if (runtime_->on_worker())
    submit_on_worker(std::move(waiting));
  else
    post_admitted(std::move(waiting));
}

void LocalBackend::post_admitted(std::unique_ptr<Waiting> waiting) {
  auto admission = runtime_->admit();
  if (!admission) return waiting->done(std::move(admission).error());
  waiting->admission = *std::move(admission);
  runtime_->post([self = shared_from_this(), waiting = std::move(waiting)](const Error* refusal) mutable {
    if (refusal) return answer(*waiting, *refusal);
    self->submit_on_worker(std::move(waiting));
  });
}

void LocalBackend::answer(Waiting& waiting, Result<Tensors> result) {
  waiting.admission.end();
  waiting.done(std::move(result));
}

void LocalBackend::submit_on_worker(std::unique_ptr<Waiting> waiting) {
  Instance instance;
  {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) {
      waiting_.push_back(std::move(waiting));
      return;
    }
    instance = std::move(free_.back());
    free_.pop_back();
  }
  answer(*waiting, run_on(std::move(instance), waiting->inputs, waiting->call));
}

Result<Tensors> LocalBackend::run(Tensors inputs, const RunOptions& call) {
  Instance instance;
  {
    std::unique_lock lock(mutex_);
    const auto has_instance = [this] { return !free_.empty(); };
    bool is_in_time = true;
    ++blocked_;
    if (!call.deadline)
      is_free_.wait(lock, has_instance);
    else
      is_in_time = is_free_.wait_until(lock, *call.deadline, has_instance);
    --blocked_;
    if (!is_in_time) {
      lock.unlock();
      deal_out();  // an instance may have been left for this thread
      return Error(ErrorCode::kDeadlineExceeded, "the deadline passed while waiting for the model");
    }
    instance = std::move(free_.back());
    free_.pop_back();
  }
  return run_on(std::move(instance), inputs, call);
}

Result<Tensors> LocalBackend::run_on(Instance instance, const Tensors& inputs, const RunOptions& call) {
  auto result = [&]() -> Result<Tensors> {
    if (auto interruption = call.interruption()) return *interruption;
    try {
      return instance->run(inputs, call);
    } catch (...) {  // an engine of the host's own that breaks the rule
      return translate_exception();
    }
  }();
  give_back(std::move(instance));
  const std::uint64_t calls = ++calls_;
  if ((calls & (calls - 1)) == 0) renew_exit_hook();  // 1, 2, 4, ...: the first calls of a kind make statics
  return result;
}

void LocalBackend::give_back(Instance instance) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(instance));
  }
  deal_out();
}

void LocalBackend::deal_out() {
  {
    const std::lock_guard lock(mutex_);
    if (blocked_ > 0) is_free_.notify_one();
    if (free_.size() <= blocked_ || waiting_.empty()) return;
  }
  runtime_->post([self = shared_from_this()](const Error* refusal) {
    if (refusal && refusal->code() == ErrorCode::kCancelled) return self->on_shutdown(*refusal);
    self->serve_next();  // also where there was no memory to queue this
  });
}

void LocalBackend::serve_next() {
  Instance instance;
  std::unique_ptr<Waiting> next;
  {
    const std::lock_guard lock(mutex_);
    if (free_.size() <= blocked_ || waiting_.empty()) return;
    instance = std::move(free_.back());
    free_.pop_back();
    next = std::move(waiting_.front());
    waiting_.pop_front();
  }
  answer(*next, run_on(std::move(instance), next->inputs, next->call));
}

void LocalBackend::on_shutdown(const Error& reason) {
  std::deque<std::unique_ptr<Waiting>> refused;
  {
    const std::lock_guard lock(mutex_);
    refused.swap(waiting_);
  }
  for (const auto& waiting : refused) answer(*waiting, reason);
}

}  // namespace gantry::detail
