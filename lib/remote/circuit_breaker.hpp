// SPDX-License-Identifier: Apache-2.0
// CircuitBreaker: whether a host gets calls. Pure: it is given the time.
//
//   closed --(failures in a row)--> open --(its time passes)--> probing --> closed, or open for twice the time
#pragma once

#include <algorithm>
#include <chrono>
#include <gantry/time_source.hpp>

namespace gantry::inline GANTRY_ABI::remote {

/// Threads: one thread.
class CircuitBreaker {
 public:
  using Time = TimeSource::Time;
  static constexpr std::chrono::nanoseconds kLongestOpen = std::chrono::seconds(30);

  CircuitBreaker(int failures, std::chrono::nanoseconds open_time)
      : failures_(failures), first_open_time_(open_time), open_time_(open_time) {}

  bool is_closed() const { return state_ == State::kClosed; }
  /// True if one call, or a question of our own, may try the host.
  bool may_probe(Time now) const { return state_ == State::kOpen && now >= retry_at_; }
  bool is_probing() const { return state_ == State::kProbing; }
  /// When may_probe() becomes true, of one that is open.
  Time retry_at() const { return retry_at_; }

  void begin_probe() { state_ = State::kProbing; }
  /// The probe ended without saying anything about the host: the next call may probe again.
  void abandon_probe() {
    if (state_ == State::kProbing) state_ = State::kOpen;
  }

  /// Of one that is open, only a probe's success counts: others belong to calls from before.
  void succeed() {
    if (state_ == State::kOpen) return;
    state_ = State::kClosed;
    in_a_row_ = 0;
    open_time_ = first_open_time_;
  }
  /// True if this opened it.
  bool fail(Time now) {
    if (state_ == State::kOpen) return false;
    if (state_ == State::kClosed && ++in_a_row_ < failures_) return false;
    return open(now);
  }
  /// Opens it whatever happened before. True if it was not open.
  bool open(Time now) {
    if (state_ == State::kOpen) return false;
    if (state_ == State::kProbing) open_time_ = std::min(open_time_ * 2, std::max(first_open_time_, kLongestOpen));
    state_ = State::kOpen;
    in_a_row_ = 0;
    retry_at_ = now + open_time_;
    return true;
  }

 private:
  enum class State { kClosed, kOpen, kProbing };

  int failures_;
  std::chrono::nanoseconds first_open_time_;
  std::chrono::nanoseconds open_time_;
  State state_ = State::kClosed;
  int in_a_row_ = 0;
  Time retry_at_{};
};

}  // namespace gantry::inline GANTRY_ABI::remote
