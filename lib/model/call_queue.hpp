// SPDX-License-Identifier: Apache-2.0
// CallQueue: decides for the calls that wait for a model when each is computed, in which batch, or that it is refused.
// Pure: the time is an argument, and nothing here locks, waits or computes.
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
  std::size_t max_batch = 1;  ///< maximum number of samples in a merged batch
  std::chrono::microseconds max_delay{0};
  bool merges_calls = false;  ///< calls of several callers may share a batch
  bool may_split = false;     ///< a call's rows are independent, so they may be computed separately
  std::chrono::milliseconds hang_after{0};
  std::shared_ptr<const PaddingPlan> padding;  ///< nullptr: none
  BatchSizes sizes;                            ///< batch sizes that the engine supports
  std::chrono::milliseconds release_memory_after{0};
};

/// A call that waits or runs.
struct Call {
  Tensors inputs;
  CallOptions options;
  Function<void(Result<Tensors>)> done;
  std::size_t rows = 1;
  std::size_t bucket = 0;  ///< bucket of its padded length; 0 without padding
  Clock::time_point arrived{};
  Admission admission;  // held by a call from outside the runtime; else empty
  std::optional<Error> refusal;
  bool is_tried = false;       // computed although its deadline seems unreachable, to measure again
  std::unique_ptr<Call> next;  // intrusive list, so that forming a batch allocates nothing
};
using CallPtr = std::unique_ptr<Call>;

/// A list of calls in order.
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
/// The calls that an instance computes together, if any, and the calls that were refused meanwhile.
struct Batch {
  CallList calls;
  CallList refused;  ///< Call::refusal says why
};

/// Ownership: owns the waiting calls.
/// Threads:   none of its own; Batcher locks.
/// Errors:    arrive: std::bad_alloc, which leaves the call with the caller; no other function throws.
/// Cost:      a fraction of a microsecond per call.
class CallQueue {
 public:
  /// When a free instance should take the waiting calls.
  enum class When {
    kNow,
    kDeferred,  ///< after the requests now queued at the runtime have reached this model
    kInTime,    ///< when a call has waited for max_delay, or must begin to meet its deadline
  };

  CallQueue(const BatchOptions& options, const RuntimeOptions& runtime, std::size_t instances);

  /// Takes `call`; or returns why it is refused, and leaves it with the caller.
  std::optional<Error> arrive(CallPtr& call, Clock::time_point now);
  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }
  /// `coming`: requests queued at the runtime that may still reach this model.
  When when_to_serve(Clock::time_point now, std::size_t coming);
  /// The time by which waiting calls must be served because of max_delay and deadlines; nullopt if a timer is already
  /// set for that time or earlier. The caller must set a timer, and call on_timer() when it fires.
  std::optional<Clock::time_point> timer_to_set();
  void on_timer(Clock::time_point when);
  /// Forms the next batch, which begins `now`. Unless it has no calls, end() must follow.
  Batch begin(Clock::time_point now);
  /// For a call that did not wait in this queue (Batcher::wait_for_lane()).
  void begin_one(Clock::time_point now) { running_.push_back(now); }
  void end(Clock::time_point began);
  /// The batch that began at `began` calls its engine `now`. Called for each engine call of a batch, so that a hanging
  /// call is not confused with a batch of many calls.
  void restart(Clock::time_point began, Clock::time_point now);

  void record(std::size_t rows, Clock::duration took, std::size_t bucket = 0) { latencies_[bucket].record(rows, took); }
  Clock::duration expected(std::size_t rows, std::size_t bucket = 0) const { return latencies_[bucket].expected(rows); }
  Clock::duration fastest(std::size_t rows, std::size_t bucket = 0) const { return latencies_[bucket].fastest(rows); }
  /// Forbids batches of this many rows: they gave wrong results, or failed while their halves succeeded.
  void forbid(std::size_t rows, std::size_t bucket = 0) { latencies_[bucket].forbid(rows); }
  std::size_t bucket_count() const { return latencies_.size(); }
  bool is_forbidden(std::size_t rows, std::size_t bucket = 0) const { return latencies_[bucket].is_forbidden(rows); }
  /// The batch size that pays best; with several buckets, the largest of theirs.
  std::size_t paying_batch() const;
  /// A batch size that needs more measurements, without padding; 0: none.
  std::size_t trial_size() const { return options_.merges_calls ? latencies_[0].trial_size(options_.max_batch) : 0; }
  std::size_t running() const { return running_.size(); }
  /// The device has failed permanently: from then on check_health() returns an error.
  void set_device_fault(const std::string& message);
  /// Why the model accepts no calls; nullopt if it does.
  std::optional<Error> check_health(Clock::time_point now) const;
  /// Removes and returns one waiting call; nullptr if there is none. Allocates nothing.
  CallPtr take_any(Clock::time_point now);

 private:
  Clock::time_point close() const;
  /// Number of samples for the batch that begins, out of `rows` waiting ones: the size that pays. If other instances
  /// are idle and sharing the rows among them takes less than three quarters of the time, an equal share instead.
  /// Rounded down to a batch size that the engine supports, if there is one.
  std::size_t batch_limit(const LatencyModel& latency, std::size_t rows) const;
  /// The bucket of the call that is next.
  std::size_t next_bucket(Clock::time_point now);
  bool share_batch(const Call& a, const Call& b) const;
  std::optional<Error> check_deadline(Call& call, Clock::time_point now);
  std::optional<Error> check_turn(const FairQueue<CallPtr>::Entry& entry, Clock::time_point now) const;
  /// Adds the call to the batch, or to its refused calls; true if it was not refused.
  bool add_to(Batch& batch, FairQueue<CallPtr>::Entry entry, Clock::time_point now) noexcept;

  const BatchOptions options_;
  FairQueue<CallPtr> waiting_;
  std::vector<LatencyModel> latencies_;    // by bucket: times of long sequences do not predict those of short ones
  std::vector<std::size_t> rows_waiting_;  // by bucket
  const std::size_t at_a_time_;            // maximum number of concurrent engine calls
  Overload overload_;
  std::vector<Clock::time_point> running_;  // start times; capacity for all instances, so that begin() does not throw
  std::string device_fault_;
  Clock::time_point timer_ = Clock::time_point::max();  // the earliest timer that is set
};

}  // namespace gantry::inline GANTRY_ABI::detail
