// SPDX-License-Identifier: Apache-2.0
// AwaitedResult: a result that one thread waits for and another one gives; as std::future, with a deadline by the
// runtime's clock.
#pragma once

#include <gantry/result.hpp>
#include <gantry/run_options.hpp>
#include <gantry/time_source.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "core/mutex.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: shared with its giver.
/// Threads:   thread-safe; one thread takes the result.
/// Errors:    std::bad_alloc when made.
/// Cost:      one allocation.
template <class T>
class AwaitedResult {
  struct State;

 public:
  /// Gives the result once. Dropped without one, the result is Error::out_of_memory().
  class Giver {
   public:
    Giver(Giver&&) noexcept = default;
    Giver& operator=(Giver&&) = delete;
    ~Giver() {
      if (state_) state_->set(Error::out_of_memory());
    }
    void set(Result<T> result) { std::exchange(state_, nullptr)->set(std::move(result)); }

   private:
    friend class AwaitedResult;
    explicit Giver(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
  };

  /// Call it once.
  Giver giver() { return Giver(state_); }

  bool is_there() const {
    const MutexLock lock(state_->mutex);
    return state_->result.has_value();
  }
  /// Until the result is there, or `when` has come by `time`; may return earlier.
  void wait_until(const TimeSource& time, const std::optional<Deadline>& when) const {
    const MutexLock lock(state_->mutex);
    if (state_->result) return;
    if (when)
      state_->given.wait_until(state_->mutex, time, *when);
    else
      state_->given.wait(state_->mutex);
  }
  /// Call it once, when is_there().
  Result<T> take() {
    const MutexLock lock(state_->mutex);
    return *std::move(state_->result);
  }

 private:
  struct State {
    void set(Result<T> value) {
      const MutexLock lock(mutex);
      result = std::move(value);
      given.notify_all();
    }
    Mutex mutex;
    CondVar given;
    std::optional<Result<T>> result GANTRY_GUARDED_BY(mutex);
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace gantry::inline GANTRY_ABI::detail
