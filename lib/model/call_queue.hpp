// SPDX-License-Identifier: Apache-2.0
// CallQueue: which of the calls that wait for a model is computed when, with which others, or not at all. Pure: the
// time is an argument, and nothing here locks, waits or computes.
#pragma once

#include <chrono>
#include <gantry/function.hpp>
#include <gantry/runtime.hpp>
#include <gantry/tensor.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/batch_sizes.hpp"
#include "model/padding.hpp"
#include "runtime/call_options.hpp"
#include "runtime/policy/fair_queue.hpp"
#include "runtime/policy/latency_model.hpp"
#include "runtime/policy/overload.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct BatchOptions {
  bool has_batch_axis = false;
  std::size_t max_batch = 1;  ///< samples that may be merged
  std::chrono::microseconds max_delay{0};
  bool merges_calls = false;  ///< of several callers
  bool may_split = false;     ///< a call's rows may be computed apart, since they do not depend on each other
  std::chrono::milliseconds hang_after{0};
  std::shared_ptr<const PaddingPlan> padding;  ///< nullptr: none
  BatchSizes sizes;                            ///< what the engine computes in one call
  std::chrono::milliseconds release_memory_after{0};
};

/// A call on its way.
struct Call {
  Tensors inputs;
  CallOptions options;
  Function<void(Result<Tensors>)> done;
  std::size_t rows = 1;
  std::size_t bucket = 0;  ///< of its padded length; 0 without padding
  Clock::time_point arrived{};
  Admission admission;  // of a call that came from outside the runtime
  std::optional<Error> refusal;
  bool is_tried = false;       // though it seems hopeless
  std::unique_ptr<Call> next;  // of a batch, which so takes no memory
};
using CallPtr = std::unique_ptr<Call>;

/// Calls in order.
struct CallList {
  CallPtr first;
  Call* last = nullptr;
  std::size_t size = 0;
  void add(CallPtr call) {
    Call* const added = call.get();
    (last ? last->next : first) = std::move(call);
    last = added;
    ++size;
  }
};
/// What an instance is to compute, if anything, and what was refused on the way.
struct Batch {
  CallList calls;
  CallList refused;  ///< Call::refusal says why
};

/// Ownership: owns the calls that wait.
/// Threads:   none of its own; Batcher locks.
/// Errors:    arrive: std::bad_alloc, which leaves the call with the caller; nothing else throws.
/// Cost:      a fraction of a microsecond a call.
class CallQueue {
 public:
  /// When a free instance is to take what waits.
  enum class When {
    kNow,
    kDeferred,  ///< when the requests that are queued at the runtime have come as far as this
    kInTime,    ///< when the oldest call has waited for max_delay, or its deadline demands it
  };

  CallQueue(const BatchOptions& options, const RuntimeOptions& runtime, std::size_t instances);

  /// Takes `call`, or says why not and leaves it.
  std::optional<Error> arrive(CallPtr& call, Clock::time_point now);
  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }
  /// `coming`: requests at the runtime that may yet come here.
  When when_to_serve(Clock::time_point now, std::size_t coming);
  /// When what waits is to be served for the sake of max_delay and deadlines, unless a timer is set for then or before.
  /// Who asks sets one, and calls on_timer() when it fires.
  std::optional<Clock::time_point> timer_to_set();
  void on_timer(Clock::time_point when);
  /// The next batch, which begins `now`: end() must follow unless it has no calls.
  Batch begin(Clock::time_point now);
  /// For a call that never waited here.
  void begin_one(Clock::time_point now) { running_.push_back(now); }
  void end(Clock::time_point began);
  /// What began then calls its engine now, perhaps again: an engine call that does not return is told from many that
  /// do.
  void restart(Clock::time_point began, Clock::time_point now);

  void record(std::size_t rows, Clock::duration took, std::size_t bucket = 0) { latencies_[bucket].record(rows, took); }
  Clock::duration expected(std::size_t rows, std::size_t bucket = 0) const { return latencies_[bucket].expected(rows); }
  Clock::duration fastest(std::size_t rows, std::size_t bucket = 0) const { return latencies_[bucket].fastest(rows); }
  /// Batches of so many rows come back wrong, or fail where their parts do not.
  void forbid(std::size_t rows, std::size_t bucket = 0) { latencies_[bucket].forbid(rows); }
  std::size_t bucket_count() const { return latencies_.size(); }
  bool is_forbidden(std::size_t rows, std::size_t bucket = 0) const { return latencies_[bucket].is_forbidden(rows); }
  /// Of several buckets, the largest.
  std::size_t paying_batch() const;
  /// A batch size of which too little is known, of samples that are not padded; 0: none.
  std::size_t trial_size() const { return options_.merges_calls ? latencies_[0].trial_size(options_.max_batch) : 0; }
  std::size_t running() const { return running_.size(); }
  /// The device can compute nothing any more.
  void set_device_fault(const std::string& message);
  /// Why the model takes no calls; nothing if it does.
  std::optional<Error> check_health(Clock::time_point now) const;
  /// One of the calls that wait, which leaves the queue; nullptr if there is none. Needs no memory.
  CallPtr take_any(Clock::time_point now);

 private:
  Clock::time_point close() const;
  /// Samples for the batch that begins, of `rows` at hand: as many as pay, unless instances stand idle and all would be
  /// done a quarter sooner if each took its share; a number that the engine computes as one call, if there is one.
  std::size_t batch_limit(const LatencyModel& latency, std::size_t rows) const;
  /// Of the call whose turn is next.
  std::size_t next_bucket(Clock::time_point now);
  bool share_batch(const Call& a, const Call& b) const;
  std::optional<Error> check_deadline(Call& call, Clock::time_point now);
  std::optional<Error> check_turn(const FairQueue<CallPtr>::Entry& entry, Clock::time_point now) const;
  /// Into the batch, or among those it refuses.
  bool add_to(Batch& batch, FairQueue<CallPtr>::Entry entry, Clock::time_point now) noexcept;

  const BatchOptions options_;
  FairQueue<CallPtr> waiting_;
  std::vector<LatencyModel> latencies_;    // by bucket: a batch of long sequences says nothing of short ones
  std::vector<std::size_t> rows_waiting_;  // by bucket
  const std::size_t at_a_time_;            // engine calls
  Overload overload_;
  std::vector<Clock::time_point> running_;  // since when; has room for all instances
  std::string device_fault_;
  Clock::time_point timer_ = Clock::time_point::max();  // the earliest that is set
};

}  // namespace gantry::inline GANTRY_ABI::detail
