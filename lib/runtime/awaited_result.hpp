// SPDX-License-Identifier: Apache-2.0
// AwaitedResult: one thread waits for a result that another thread sets. Like std::future, but its deadline is a time
// of the runtime's clock, which tests replace.
#pragma once

#include <gantry/result.hpp>
#include <gantry/run_options.hpp>
#include <gantry/time_source.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "core/mutex.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: the result is shared with the Giver.
/// Threads:   thread-safe; one thread takes the result.
/// Errors:    std::bad_alloc from the constructor.
/// Cost:      one allocation.
template <class T>
class AwaitedResult {
  struct State;

 public:
  /// Sets the result, once. If it is destroyed without having set it, the result is Error::out_of_memory().
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
  /// Waits until the result is set, or until `time` reaches `when`. May return earlier (spurious wake-up).
  void wait_until(const TimeSource& time, const std::optional<Deadline>& when) const {
    const MutexLock lock(state_->mutex);
    if (state_->result) return;
    if (when)
      state_->given.wait_until(state_->mutex, time, *when);
    else
      state_->given.wait(state_->mutex);
  }
  /// Call it once, after is_there() has returned true.
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
