// SPDX-License-Identifier: Apache-2.0
// Batcher: the calls that wait for a model, its lanes, and the one lock around them. CallQueue says who goes together
// and when, LatencyModel how many pay; the Batcher hands a free lane to them. It posts nothing and computes nothing.
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

/// Ownership: owns the calls that wait, and the lanes that are free.
/// Threads:   thread-safe.
/// Errors:    std::bad_alloc from arrive(), which leaves the call with the caller; nothing else throws.
/// Cost:      a lock, and a fraction of a microsecond a call.
class Batcher final : public BatchLessons {
 public:
  /// What a thread is to do next: compute the batch on the lane, and post what is wanted.
  struct Turn {
    Batch batch;
    Lane lane;
    bool wants_deferred = false;             ///< a later batch is left to deferred work
    std::optional<Clock::time_point> timer;  ///< or to a timer
    bool has_more = false;                   ///< another lane is free for calls that are left
  };

  Batcher(const BatchOptions& options, const RuntimeOptions& runtime, std::vector<Lane> lanes);

  /// What comes of a call that arrives.
  struct Arrival {
    std::optional<Error> refusal;  ///< set: the call is still the caller's
    Turn turn;
    bool needs_worker = false;  ///< the next batch is for another thread
  };
  /// `may_serve`: false for a thread that is to compute no call but its own. `coming`: requests at the runtime that may
  /// yet come here.
  Arrival arrive(CallPtr& call, Clock::time_point now, std::size_t coming, bool may_serve) GANTRY_EXCLUDES(mutex_);
  /// Unless it `may_wait`, nothing is left to a later turn.
  Turn next_turn(Clock::time_point now, std::size_t coming, bool may_wait) GANTRY_EXCLUDES(mutex_);
  /// A deferred turn, or the timer that was set for then, has come.
  void on_deferred() GANTRY_EXCLUDES(mutex_);
  void on_timer(Clock::time_point when) GANTRY_EXCLUDES(mutex_);

  /// A lane for a thread that blocks, before all calls that wait: it may hold a worker. The error says why there is
  /// none: unavailable, or deadline_exceeded.
  Result<Lane> wait_for_lane(const TimeSource& time, const std::optional<Deadline>& deadline) GANTRY_EXCLUDES(mutex_);
  /// True if a free lane is left for calls that wait.
  bool give_back(Lane lane) GANTRY_EXCLUDES(mutex_);
  /// The same of a lane that was left for a thread that did not take it.
  bool offer_lane() GANTRY_EXCLUDES(mutex_);

  /// One of the calls that wait, which leaves; nullptr if there is none. Needs no memory.
  CallPtr take_any(Clock::time_point now) GANTRY_EXCLUDES(mutex_);
  Clock::duration fastest(std::size_t rows, std::size_t bucket) const GANTRY_EXCLUDES(mutex_);
  /// The next batch size to try out before calls come; 0: none, or it would take longer than `left`.
  std::size_t next_trial(Clock::duration left) const GANTRY_EXCLUDES(mutex_);
  /// Fills in what waits and runs, and the health.
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
  bool is_deferred_ GANTRY_GUARDED_BY(mutex_) = false;  // a turn was left to deferred work
};

}  // namespace gantry::inline GANTRY_ABI::detail
