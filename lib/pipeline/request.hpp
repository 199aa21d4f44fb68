// SPDX-License-Identifier: Apache-2.0
// Requests on their way through a compiled pipeline: one whose caller waits, one whose caller left a callback.
//
// What is in flight holds the plan and the runtime's core, but no handle of the runtime: a request cannot keep a
// runtime from being shut down.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <gantry/pipeline.hpp>
#include <memory>
#include <string>
#include <vector>

#include "core/mutex.hpp"
#include "pipeline/plan.hpp"
#include "runtime/context.hpp"
#include "runtime/observed_request.hpp"
#include "runtime/policy/fastest_time.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// What every request of a pipeline shares.
struct Compiled final : RuntimePipeline {
  std::string name;  // "pipeline" if it has none
  StageCounters counters;
  std::unique_ptr<const Plan> plan;
  StageCounters observed_counters;
  std::unique_ptr<const Plan> unfused;  // for observers of every boundary; nullptr if nothing is fused in `plan`
  std::string scope;                    // "pipeline 'cats'", or empty
  const TypeInfo* out = nullptr;
  /// From the start on a worker to the answer.
  mutable FastestTime fastest;

  mutable Counter requests;
  mutable std::array<std::atomic<std::uint64_t>, kErrorCodes> errors{};

  PipelineStats stats() const override;
  /// A request of `samples` begins: it is counted, and the observer told of it. `outer`: of what it is part, if of
  /// anything.
  void begin(CallOptions& call, std::size_t samples, const std::shared_ptr<Observer>& observer,
             const Context* outer) const {
    if (!call.is_trial) requests.add(samples);
    call.observed = ObservedRequest::begin(observer, name, call, samples, outer);
  }
  /// What a request of `samples` will take, as far as it can be refused for that: zero if nothing is known, and for the
  /// few that are to be tried though they seem hopeless. In caller execution nothing is ever known.
  Clock::duration expected(std::size_t samples, const CallOptions& call) const;
  /// Learns from a request that ended now, unless it failed: how long that took says nothing.
  void learn(Span<const Slot> slots, const CallOptions& call, Clock::time_point began) const;
  /// The slot as a result, with the pipeline's name in its error, which is counted. A result that comes after the
  /// deadline is none, and counted in `core`.
  Result<Value> finish(Slot& slot, const CallOptions& call, RuntimeCore& core) const noexcept;
  /// The error of one input, with the pipeline's name, counted.
  Error failed(const Error& error, const CallOptions& call) const noexcept;
  void count_error(const Error& error, const CallOptions& call) const noexcept;
  Error scoped(const Error& error) const noexcept;
};

/// On this thread, in a worker's stead.
void run_on_caller(const Compiled& compiled, Span<Slot> slots, Context& context);

/// A request to the runtime behind `core`, whose caller waits; on this thread if it is part of one that was admitted:
/// `admitted_by` is the runtime that did, or nullptr.
Result<std::vector<Slot>> run_blocking(const std::shared_ptr<const Compiled>& compiled,
                                       const std::shared_ptr<RuntimeCore>& core, std::vector<Slot> slots,
                                       const CallOptions& call, const RuntimeCore* admitted_by);

/// Does `work` as one request of `samples`, whose caller waits: on this thread if it is part of one that was admitted,
/// or in caller execution, else on a worker. The error is why it was not done.
Result<void> run_as_request(RuntimeCore& core, const CallOptions& call, std::size_t samples,
                            const std::function<void()>& work);

/// A request whose caller waits. The caller gives up at its deadline, and the worker may still be at it, so they share
/// the request.
class BlockingRequest : public std::enable_shared_from_this<BlockingRequest> {
 public:
  /// `expected`: by which it was admitted.
  BlockingRequest(std::shared_ptr<const Compiled> compiled, std::shared_ptr<RuntimeCore> core, const CallOptions& call,
                  std::vector<Slot> slots, Admission admission, Clock::duration expected);

  /// The slots when all is done; deadline_exceeded if that takes too long.
  Result<std::vector<Slot>> post_and_wait();

 private:
  void begin(const Error* refusal);
  /// On the thread that waits, unless it was begun.
  void begin_here();
  void finish();
  bool is_finished();

  std::shared_ptr<const Compiled> compiled_;
  std::shared_ptr<RuntimeCore> core_;
  const CallOptions call_;
  std::vector<Slot> slots_;
  Context context_;
  Admission admission_;
  const Clock::duration expected_;
  Clock::time_point posted_{};  // if it is observed
  Clock::time_point began_{};
  std::atomic<bool> is_begun_{false};
  Mutex mutex_;
  CondVar finished_;
  bool is_finished_ GANTRY_GUARDED_BY(mutex_) = false;
};

/// A request whose caller left a callback.
struct SubmittedRequest {
  std::shared_ptr<const Compiled> compiled;
  std::shared_ptr<RuntimeCore> core;
  CallOptions call;
  Context context;
  Slot slot;
  Function<void(Result<Value>)> done;
  Admission admission;
  Clock::duration expected{};  // by which it was admitted
  Clock::time_point posted{};  // if it is observed
  Clock::time_point began{};

  static void begin(std::unique_ptr<SubmittedRequest> request, const Error* refusal);
  /// Calls `done`, after the request was counted out and its resources are gone.
  static void finish(std::unique_ptr<SubmittedRequest> request);
};

/// Calls `done`. The callback is the host's: nobody is there to tell what it throws, and a worker must not end the
/// process.
void call_done(Function<void(Result<Value>)>& done, Result<Value> result) noexcept;

}  // namespace gantry::inline GANTRY_ABI::detail
