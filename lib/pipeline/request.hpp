// SPDX-License-Identifier: Apache-2.0
// Requests in a compiled pipeline: BlockingRequest, whose caller waits, and SubmittedRequest, which calls a callback.
//
// A request in flight holds the plan and the runtime's core, but no Runtime handle, so that it cannot delay a shutdown.
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
#include "runtime/histogram_recorder.hpp"
#include "runtime/latest_time.hpp"
#include "runtime/observed_request.hpp"
#include "runtime/policy/fastest_time.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// State that all requests of a pipeline share.
struct Compiled final : RuntimePipeline {
  std::string name;  // "pipeline" if it has none
  std::string version;
  StageCounters counters;
  std::unique_ptr<const Plan> plan;
  StageCounters observed_counters;
  std::unique_ptr<const Plan> unfused;  // for observers of every boundary; nullptr if nothing is fused in `plan`
  std::string scope;                    // "pipeline 'cats'", or empty
  const TypeInfo* out = nullptr;
  /// Time from the start on a worker to the result.
  mutable FastestTime fastest;

  mutable Counter requests;
  mutable LatestTime last_request;
  mutable std::array<std::atomic<std::uint64_t>, kErrorCodes> errors{};
  mutable HistogramRecorder time;  // from the call to its result

  PipelineStats stats() const override;
  /// Counts a request of `samples` that begins, and tells the observer. `outer`: the context of the request that it is
  /// part of, or nullptr.
  void begin(CallOptions& call, std::size_t samples, const std::shared_ptr<Observer>& observer,
             const Context* outer) const {
    if (!call.is_trial) count_request(samples);
    call.began = call.now();
    call.observed = ObservedRequest::begin(observer, name, call, samples, outer);
  }
  /// The expected time of a request of `samples`, for admission. Zero, which never refuses, if it is unknown, and for
  /// the few requests that are tried although their deadline seems unreachable. Always zero in caller execution.
  Clock::duration expected(std::size_t samples, const CallOptions& call) const;
  /// Learns the time of a request that ended now. The time of a failed request is ignored, since it says nothing.
  void learn(Span<const Slot> slots, const CallOptions& call, Clock::time_point began) const;
  /// The slot's value; or its error, which is counted and gets the pipeline's name. A value after the deadline becomes
  /// deadline_exceeded, and is counted in `core`.
  Result<Value> finish(Slot& slot, const CallOptions& call, RuntimeCore& core) const noexcept;
  /// Counts the error of one input, and returns it with the pipeline's name.
  Error failed(const Error& error, const CallOptions& call) const noexcept;
  void count_request(std::size_t samples) const noexcept {
    requests.add(samples);
    last_request.record();
  }
  void count_answer(const CallOptions& call) const noexcept;
  void count_error(const Error& error, const CallOptions& call) const noexcept;
  Error scoped(const Error& error) const noexcept;
};

/// Runs the plan on this thread instead of on a worker.
void run_on_caller(const Compiled& compiled, Span<Slot> slots, Context& context);

/// Runs a request on the runtime of `core` and waits for it. Runs on this thread if it is part of a request that the
/// runtime has admitted: `admitted_by` is the runtime that admitted the outer request, or nullptr.
Result<std::vector<Slot>> run_blocking(const std::shared_ptr<const Compiled>& compiled,
                                       const std::shared_ptr<RuntimeCore>& core, std::vector<Slot> slots,
                                       const CallOptions& call, const RuntimeCore* admitted_by);

/// Runs `work` as one request of `samples`, and waits for it. It runs on this thread if it is part of an admitted
/// request or in caller execution, else on a worker. Returns an error if `work` did not run.
Result<void> run_as_request(RuntimeCore& core, const CallOptions& call, std::size_t samples,
                            const std::function<void()>& work);

/// A request whose caller waits. The caller stops waiting at the deadline while the worker may still be running, so
/// both share the request.
class BlockingRequest : public std::enable_shared_from_this<BlockingRequest> {
 public:
  /// `expected`: the expected time with which it was admitted.
  BlockingRequest(std::shared_ptr<const Compiled> compiled, std::shared_ptr<RuntimeCore> core, const CallOptions& call,
                  std::vector<Slot> slots, Admission admission, Clock::duration expected);

  /// Waits, and returns the slots; deadline_exceeded if the deadline comes first.
  Result<std::vector<Slot>> post_and_wait();

 private:
  void begin(const Error* refusal);
  /// Runs on the waiting thread, unless a worker has begun it.
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

/// Appends one result per slot to `results`, which has room for them, and counts them; ends the observed request.
/// `error`: why none of `count` inputs was computed; otherwise nullptr.
void finish_batch(const Compiled& compiled, Span<Slot> slots, std::size_t count, const Error* error,
                  const CallOptions& call, RuntimeCore& core, std::vector<Result<Value>>& results);

/// A request with a callback, of one input (`slot`, `done`) or of a batch (`batch`, `batch_done`).
struct SubmittedRequest {
  std::shared_ptr<const Compiled> compiled;
  std::shared_ptr<RuntimeCore> core;
  CallOptions call;
  Context context;
  Slot slot;
  Function<void(Result<Value>)> done;
  std::vector<Slot> batch;
  std::vector<Result<Value>> batch_results;  // reserved, since finish() must not need memory
  Function<void(std::vector<Result<Value>>)> batch_done;
  Admission admission;
  Clock::duration expected{};  // by which it was admitted
  Clock::time_point posted{};  // if it is observed
  Clock::time_point began{};

  Span<Slot> slots() { return batch.empty() ? Span<Slot>(&slot, 1) : Span<Slot>(batch); }

  static void begin(std::unique_ptr<SubmittedRequest> request, const Error* refusal);
  /// Calls the callback, after it has released the admission and the request's resources.
  static void finish(std::unique_ptr<SubmittedRequest> request);
};

/// Calls `done`, and ignores its exceptions: nobody could receive them, and the host's callback must not end the
/// process.
template <class Answer>
void call_done(Function<void(Answer)>& done, Answer answer) noexcept try {
  done(std::move(answer));
} catch (...) {
}

}  // namespace gantry::inline GANTRY_ABI::detail
