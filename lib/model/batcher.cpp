// SPDX-License-Identifier: Apache-2.0
#include "model/batcher.hpp"

#include "core/error_or_out_of_memory.hpp"

namespace gantry::inline GANTRY_ABI::detail {

Batcher::Batcher(const BatchOptions& options, const RuntimeOptions& runtime, std::vector<Lane> lanes)
    : lanes_(lanes.size()),
      bucket_count_(options.padding ? options.padding->bucket_count() : 1),
      free_(std::move(lanes)),
      queue_(options, runtime, lanes_) {}

Batcher::Arrival Batcher::arrive(CallPtr& call, Clock::time_point now, std::size_t coming, bool may_serve) {
  Arrival arrival;
  const MutexLock lock(mutex_);
  arrival.refusal = queue_.arrive(call, now);
  if (arrival.refusal) return arrival;
  if (queue_.size() > 1 && !may_serve)
    arrival.needs_worker = free_.size() > blocked_;
  else
    arrival.turn = turn(now, coming, true);
  return arrival;
}

Batcher::Turn Batcher::next_turn(Clock::time_point now, std::size_t coming, bool may_wait) {
  const MutexLock lock(mutex_);
  return turn(now, coming, may_wait);
}

Batcher::Turn Batcher::turn(Clock::time_point now, std::size_t coming, bool may_wait) {
  Turn turn;
  if (!has_lane_for_waiting()) return turn;  // give_back() looks for waiting calls
  const auto when = may_wait ? queue_.when_to_serve(now, coming) : CallQueue::When::kNow;
  turn.wants_deferred = when == CallQueue::When::kDeferred && !std::exchange(is_deferred_, true);
  if (when == CallQueue::When::kInTime) turn.timer = queue_.timer_to_set();
  if (when != CallQueue::When::kNow) return turn;
  turn.batch = queue_.begin(now);
  if (turn.batch.calls.size == 0) return turn;
  turn.lane = take_lane(now);
  turn.has_more = has_lane_for_waiting();
  return turn;
}

void Batcher::on_deferred() {
  const MutexLock lock(mutex_);
  is_deferred_ = false;
}

void Batcher::on_timer(Clock::time_point when) {
  const MutexLock lock(mutex_);
  queue_.on_timer(when);
}

Result<Lane> Batcher::wait_for_lane(const TimeSource& time, const std::optional<Deadline>& deadline) {
  const MutexLock lock(mutex_);
  if (auto unhealthy = queue_.check_health(time.now())) return *std::move(unhealthy);
  ++blocked_;
  while (free_.empty() && !(deadline && time.now() >= *deadline)) {
    if (deadline)
      is_free_.wait_until(mutex_, time, *deadline);
    else
      is_free_.wait(mutex_);
  }
  --blocked_;
  if (free_.empty())
    return error_or_out_of_memory([] {  // must not throw: the caller then offers the lane left for it
      return Error(ErrorCode::kDeadlineExceeded, "the deadline passed while waiting for the model")
          .with_reason(ErrorReason::kDeadlinePassed);
    });
  const auto now = time.now();
  queue_.begin_one(now);
  return take_lane(now);
}

Lane Batcher::take_lane(Clock::time_point now) {
  Lane lane = std::move(free_.back());
  free_.pop_back();
  lane.began = now;
  return lane;
}

bool Batcher::give_back(Lane lane) {
  const MutexLock lock(mutex_);
  queue_.end(lane.began);
  free_.push_back(std::move(lane));
  return offer();
}

bool Batcher::offer_lane() {
  const MutexLock lock(mutex_);
  return offer();
}

bool Batcher::offer() {
  if (blocked_ > 0) is_free_.notify_one();
  return has_lane_for_waiting();
}

CallPtr Batcher::take_any(Clock::time_point now) {
  const MutexLock lock(mutex_);
  return queue_.take_any(now);
}

Clock::duration Batcher::fastest(std::size_t rows, std::size_t bucket) const {
  const MutexLock lock(mutex_);
  return queue_.fastest(rows, bucket);
}

std::size_t Batcher::next_trial(Clock::duration left) const {
  const MutexLock lock(mutex_);
  const std::size_t size = queue_.trial_size();
  return size > 0 && queue_.expected(size) <= left ? size : 0;
}

void Batcher::add_to(ModelStats& stats, Clock::time_point now) const {
  const MutexLock lock(mutex_);
  stats.instances = lanes_;
  stats.waiting = queue_.size();
  stats.running = queue_.running();
  stats.paying_batch = queue_.paying_batch();
  if (const auto unhealthy = queue_.check_health(now)) {
    stats.health.is_ready = false;
    stats.health.reasons.push_back(unhealthy->message());
  }
}

bool Batcher::is_forbidden(std::size_t rows, std::size_t bucket) const {
  const MutexLock lock(mutex_);
  return queue_.is_forbidden(rows, bucket);
}

void Batcher::forbid(std::size_t rows, std::size_t bucket) {
  const MutexLock lock(mutex_);
  queue_.forbid(rows, bucket);
}

void Batcher::on_engine_call(Lane& lane, Clock::time_point now) {
  const MutexLock lock(mutex_);
  queue_.restart(std::exchange(lane.began, now), now);
}

void Batcher::on_computed(std::size_t rows, std::size_t bucket, Clock::duration took) {
  const MutexLock lock(mutex_);
  queue_.record(rows, took, bucket);
}

void Batcher::on_device_fault(const std::string& message) {
  const MutexLock lock(mutex_);
  queue_.set_device_fault(message);
}

}  // namespace gantry::inline GANTRY_ABI::detail
