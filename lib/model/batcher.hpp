// SPDX-License-Identifier: Apache-2.0
// Batcher: the calls that wait for a model, its lanes, and the lock that guards both. CallQueue decides which calls
// form a batch and when, LatencyModel which batch size pays; the Batcher assigns a free lane to the batch. It does not
// post jobs and does not compute.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/mutex.hpp"
#include "model/batch_lessons.hpp"
#include "model/call_queue.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: owns the waiting calls and the free lanes.
/// Threads:   thread-safe.
/// Errors:    std::bad_alloc from arrive(), which leaves the call with the caller; no other function throws.
/// Cost:      a lock, and a fraction of a microsecond per call.
class Batcher final : public BatchLessons {
 public:
  /// What a thread must do next: post the deferred work or the timer that is wanted, and compute the batch on the lane.
  struct Turn {
    Batch batch;
    Lane lane;
    bool wants_deferred = false;             ///< post deferred work, which will begin a later batch
    std::optional<Clock::time_point> timer;  ///< or set this timer for it
    bool has_more = false;                   ///< another lane is free, and calls are left for it
  };

  Batcher(const BatchOptions& options, const RuntimeOptions& runtime, std::vector<Lane> lanes);

  /// The outcome of arrive().
  struct Arrival {
    std::optional<Error> refusal;  ///< if set, the caller keeps the call
    Turn turn;
    bool needs_worker = false;  ///< another thread must compute the next batch
  };
  /// `may_serve`: false for a thread that may compute only its own call (a helping caller). `coming`: requests queued
  /// at the runtime that may still reach this model.
  Arrival arrive(CallPtr& call, Clock::time_point now, std::size_t coming, bool may_serve) GANTRY_EXCLUDES(mutex_);
  /// `may_wait`: false forms a batch now instead of leaving it to deferred work or a timer.
  Turn next_turn(Clock::time_point now, std::size_t coming, bool may_wait) GANTRY_EXCLUDES(mutex_);
  /// Deferred work has begun, or the timer for `when` has fired.
  void on_deferred() GANTRY_EXCLUDES(mutex_);
  void on_timer(Clock::time_point when) GANTRY_EXCLUDES(mutex_);

  /// Blocks until a lane is free. Takes precedence over all waiting calls, since the blocked thread may be a worker.
  /// Errors: unavailable, or deadline_exceeded.
  Result<Lane> wait_for_lane(const TimeSource& time, const std::optional<Deadline>& deadline) GANTRY_EXCLUDES(mutex_);
  /// Returns a lane. True if a free lane is left for waiting calls.
  bool give_back(Lane lane) GANTRY_EXCLUDES(mutex_);
  /// The same, for a lane that was reserved for a blocked thread whose wait then failed.
  bool offer_lane() GANTRY_EXCLUDES(mutex_);

  /// Removes and returns one waiting call; nullptr if there is none. Allocates nothing.
  CallPtr take_any(Clock::time_point now) GANTRY_EXCLUDES(mutex_);
  Clock::duration fastest(std::size_t rows, std::size_t bucket) const GANTRY_EXCLUDES(mutex_);
  /// The next batch size to measure before the model serves; 0 if there is none, or it would take longer than `left`.
  std::size_t next_trial(Clock::duration left) const GANTRY_EXCLUDES(mutex_);
  /// Fills in the numbers of waiting and running calls, and the health.
  void add_to(ModelStats& stats, Clock::time_point now) const GANTRY_EXCLUDES(mutex_);
  std::size_t lanes() const { return lanes_; }
  std::size_t bucket_count() const { return bucket_count_; }

  bool is_forbidden(std::size_t rows, std::size_t bucket) const override GANTRY_EXCLUDES(mutex_);
  void forbid(std::size_t rows, std::size_t bucket) override GANTRY_EXCLUDES(mutex_);
  void on_engine_call(Lane& lane, Clock::time_point now) override GANTRY_EXCLUDES(mutex_);
  void on_computed(std::size_t rows, std::size_t bucket, Clock::duration took) override GANTRY_EXCLUDES(mutex_);
  void on_device_fault(const std::string& message) override GANTRY_EXCLUDES(mutex_);

 private:
  bool has_lane_for_waiting() const GANTRY_REQUIRES(mutex_) { return free_.size() > blocked_ && !queue_.empty(); }
  Turn turn(Clock::time_point now, std::size_t coming, bool may_wait) GANTRY_REQUIRES(mutex_);
  Lane take_lane(Clock::time_point now) GANTRY_REQUIRES(mutex_);
  bool offer() GANTRY_REQUIRES(mutex_);

  const std::size_t lanes_;
  const std::size_t bucket_count_;
  mutable Mutex mutex_;
  CondVar is_free_;
  std::size_t blocked_ GANTRY_GUARDED_BY(mutex_) = 0;  // threads in wait_for_lane()
  std::vector<Lane> free_ GANTRY_GUARDED_BY(mutex_);
  CallQueue queue_ GANTRY_GUARDED_BY(mutex_);
  bool is_deferred_ GANTRY_GUARDED_BY(mutex_) = false;  // deferred work was wanted and has not begun
};

}  // namespace gantry::inline GANTRY_ABI::detail
