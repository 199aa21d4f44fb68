// SPDX-License-Identifier: Apache-2.0
// LocalBackend: an engine in this process: its instances, and the calls that wait for one.
//
// A call made on a worker runs right there if an instance is free; otherwise it waits in a first-in first-out list and
// the worker goes on with other work. Whoever gives an instance back posts a job that runs the next call in the list.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <gantry/engine.hpp>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/runtime_core.hpp"

namespace gantry::detail {

class LocalBackend final : public Backend, public ShutdownListener, public std::enable_shared_from_this<LocalBackend> {
 public:
  /// Makes `count` instances.
  static Result<std::shared_ptr<LocalBackend>> make(std::unique_ptr<Engine> engine,
                                                    std::shared_ptr<RuntimeCore> runtime, int count);

  const EngineInfo& info() const override { return engine_->info(); }
  void submit(Tensors inputs, const RunOptions& call, Function<void(Result<Tensors>)> done) override;
  Result<Tensors> run(Tensors inputs, const RunOptions& call) override;
  void on_shutdown(const Error& reason) override;

  std::size_t instance_count() const { return instance_count_; }

 private:
  using Instance = std::unique_ptr<EngineInstance>;
  using Done = Function<void(Result<Tensors>)>;
  struct Waiting {
    Tensors inputs;
    RunOptions call;
    Done done;
    Admission admission;  // of a call that came from outside the runtime
  };

  LocalBackend(std::unique_ptr<Engine> engine, std::shared_ptr<RuntimeCore> runtime, std::vector<Instance> instances);
  void submit_on_worker(std::unique_ptr<Waiting> waiting);
  void post_admitted(std::unique_ptr<Waiting> waiting);
  static void answer(Waiting& waiting, Result<Tensors> result);
  Result<Tensors> run_on(Instance instance, const Tensors& inputs, const RunOptions& call);
  void give_back(Instance instance);
  /// Wakes a blocked thread; posts a job for a call that waits, if an instance is left for it.
  void deal_out();
  /// Runs the first waiting call. The instance is taken here and not when the job is posted: a job in the queue that
  /// held one could wait for a worker that is blocked waiting for just that instance.
  void serve_next();

  // The instances refer to the engine, so they are declared after it.
  std::unique_ptr<Engine> engine_;
  std::shared_ptr<RuntimeCore> runtime_;
  const std::size_t instance_count_;
  std::mutex mutex_;
  std::condition_variable is_free_;
  std::size_t blocked_ = 0;  // threads inside run() that wait; served first, since they may hold a worker
  std::vector<Instance> free_;
  std::deque<std::unique_ptr<Waiting>> waiting_;
  std::atomic<std::uint64_t> calls_{0};
};

}  // namespace gantry::detail
