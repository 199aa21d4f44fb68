// SPDX-License-Identifier: Apache-2.0
// FakeEngine: an engine that does what a test's script says: hold calls, fail, count, record batch sizes. By default
// every output is the first input times `factor`.
//
//   auto script = std::make_shared<FakeScript>();
//   Model model = make_fake_model(script, runtime);
//   script->gate.close();                      // calls now wait inside the engine
//   script->gate.wait_for_arrivals(2);
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <gantry/engine.hpp>
#include <gantry/model.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/gate.hpp"

namespace gantry::inline GANTRY_ABI::test {

/// What the engine does, and what it saw. Set the public members before the first call.
///
/// Threads: thread-safe after that.
class FakeScript {
 public:
  Gate gate;  ///< every call passes it before anything else
  float factor = 2.0f;
  bool mutates_inputs = false;
  std::size_t outputs = 1;
  /// Not empty: replaces the computation; may return an error or throw.
  std::function<Result<Tensors>(const Tensors&)> compute;
  /// From this instance on (counted from 0) making one fails.
  std::size_t instances_allowed = 1000;
  /// Each run leaves 100 bytes behind, all of which the next release gives back.
  bool retains_memory = false;
  /// Each instance then counts its runs, and adds the count to what it gives.
  bool has_state = false;
  std::vector<int> allowed_batches;  ///< EngineInfo::batch_sizes
  int max_threads = 0;               ///< EngineInfo::max_threads
  Gate release_gate;                 ///< every release passes it after it is noted

  std::vector<std::int64_t> batch_sizes() const {
    const std::lock_guard lock(mutex_);
    return batch_sizes_;
  }
  std::size_t calls() const { return batch_sizes().size(); }
  int most_at_once() const { return most_at_once_.load(); }
  std::size_t instances_made() const { return instances_made_.load(); }
  int threads_asked_for() const { return threads_asked_for_.load(); }
  /// The first input of the last call.
  Tensor last_input() const {
    const std::lock_guard lock(mutex_);
    return last_input_;
  }
  std::size_t retained() const { return retained_.load(); }
  /// What Engine::release_idle_memory() was asked for.
  std::vector<std::chrono::milliseconds> releases() const {
    const std::lock_guard lock(mutex_);
    return releases_;
  }
  EngineCall last_call() const {
    const std::lock_guard lock(mutex_);
    return last_call_;
  }
  std::thread::id last_thread() const {
    const std::lock_guard lock(mutex_);
    return last_thread_;
  }

 private:
  friend class FakeInstance;
  friend class FakeEngine;

  mutable std::mutex mutex_;
  std::vector<std::int64_t> batch_sizes_;
  Tensor last_input_;
  EngineCall last_call_;
  std::thread::id last_thread_;
  std::atomic<int> at_once_{0};
  std::atomic<int> most_at_once_{0};
  std::atomic<std::size_t> instances_made_{0};
  std::atomic<int> threads_asked_for_{0};
  std::atomic<std::size_t> retained_{0};
  std::vector<std::chrono::milliseconds> releases_;
};

class FakeInstance final : public EngineInstance {
 public:
  explicit FakeInstance(std::shared_ptr<FakeScript> script) : script_(std::move(script)) {}

  Result<Tensors> run(const Tensors& inputs, const EngineCall& call) override {
    FakeScript& script = *script_;
    const int now = ++script.at_once_;
    int most = script.most_at_once_.load();
    while (most < now && !script.most_at_once_.compare_exchange_weak(most, now)) {
    }
    {
      const std::lock_guard lock(script.mutex_);
      const Tensor& first = inputs[0].tensor;
      script.batch_sizes_.push_back(first.rank() > 0 ? first.shape()[0] : 1);
      script.last_input_ = first;
      script.last_call_ = call;
      script.last_thread_ = std::this_thread::get_id();
    }
    struct Leave {
      std::atomic<int>& count;
      ~Leave() { --count; }
    } leave{script.at_once_};
    script.gate.pass();
    if (script.retains_memory) script.retained_ += 100;
    return script.compute ? script.compute(inputs) : scaled(inputs);
  }

 private:
  Result<Tensors> scaled(const Tensors& inputs) {
    auto scaled = inputs[0].tensor.clone();
    if (!scaled) return scaled.error();
    auto values = scaled->mutable_values<float>();
    if (!values) return values.error();
    const float count = script_->has_state ? static_cast<float>(++runs_) : 0.0f;
    for (float& value : *values) value = value * script_->factor + count;
    Tensors outputs;
    for (std::size_t i = 0; i < script_->outputs; ++i) outputs.add("", *scaled);
    return outputs;
  }

  std::shared_ptr<FakeScript> script_;
  int runs_ = 0;
};

class FakeEngine final : public Engine {
 public:
  explicit FakeEngine(std::shared_ptr<FakeScript> script) : script_(std::move(script)) {
    info_.kind = "fake";
    info_.description = "a fake";
    info_.mutates_inputs = script_->mutates_inputs;
    info_.has_state = script_->has_state;
    info_.retains_memory = script_->retains_memory;
    info_.batch_sizes = script_->allowed_batches;
    info_.max_threads = script_->max_threads;
  }
  const EngineInfo& info() const override { return info_; }
  Result<std::unique_ptr<EngineInstance>> make_instance(int threads) override {
    script_->threads_asked_for_ = threads;
    if (script_->instances_made_++ >= script_->instances_allowed)
      return Error(ErrorCode::kResourceExhausted, "no more instances");
    return std::unique_ptr<EngineInstance>(std::make_unique<FakeInstance>(script_));
  }
  ModelMemory memory() const override { return {1000, script_->retained_, 0}; }
  std::size_t release_idle_memory(std::chrono::milliseconds older_than) override {
    {
      const std::lock_guard lock(script_->mutex_);
      script_->releases_.push_back(older_than);
    }
    const std::size_t released = script_->retained_.exchange(0);
    script_->release_gate.pass();
    return released;
  }

 private:
  std::shared_ptr<FakeScript> script_;
  EngineInfo info_;
};

/// A runtime whatever the machine's budget is.
inline Runtime make_runtime(int workers, Execution execution = Execution::kPooled, std::size_t max_in_flight = 1024,
                            std::shared_ptr<const TimeSource> time = nullptr) {
  RuntimeOptions options;
  options.time_source = std::move(time);
  options.workers = workers;
  options.execution = execution;
  options.max_in_flight = max_in_flight;
  options.allow_oversubscription = true;
  return Runtime::create(options).value();
}

/// The same, where nothing runs on a thread that waits for it.
inline Runtime make_runtime_of_workers(int workers) {
  RuntimeOptions options;
  options.workers = workers;
  options.allow_oversubscription = true;
  options.callers_help = false;
  return Runtime::create(options).value();
}

inline Signature row_signature() {
  return Signature::parse("x:f32[batch,2]", "y:f32[batch,2]").value();
}

/// No warm-up, so that the script's counts begin at 0. Samples are merged, since the fake treats each alone.
inline Model make_fake_model(const std::shared_ptr<FakeScript>& script, const Runtime& runtime, int instances = 0,
                             int max_batch = 16, const Signature& signature = row_signature()) {
  ModelOptions options;
  options.runtime = runtime;
  options.warmup_runs = 0;
  options.merge = Merge::kAssume;
  options.instances = instances;
  options.max_batch = max_batch;
  options.name = "fake";
  return Model::make(std::make_unique<FakeEngine>(script), signature, options).value();
}

inline Tensor row(std::vector<float> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return Tensor::from<float>(Span<const float>(values), {count}).value();
}

inline std::vector<float> values_of(const Tensor& tensor) {
  const Tensor dense = tensor.contiguous().value();
  const auto values = dense.values<float>().value();
  return {values.begin(), values.end()};
}

}  // namespace gantry::inline GANTRY_ABI::test
