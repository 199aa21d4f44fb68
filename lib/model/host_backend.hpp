// SPDX-License-Identifier: Apache-2.0
// HostBackend: adapts a host's Backend to ModelBackend. Whatever the backend does, each call completes exactly once: by
// the backend, at the call's deadline, because submit() threw, because `done` was destroyed without a call, or by the
// shutdown.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <gantry/backend.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/mutex.hpp"
#include "model/model_backend.hpp"
#include "model/model_record.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: shares the backend and the runtime's core. The `done` that the backend holds keeps the waiting call
///            alive, but not this object.
/// Threads:   thread-safe.
/// Errors:    see above; no foreign code is called while the lock is held.
/// Cost:      one runtime timer for all calls with a deadline.
class HostBackend final : public ModelBackend, public RuntimeMember, public std::enable_shared_from_this<HostBackend> {
 public:
  struct Options {
    std::string name;
    bool has_batch_axis = false;
    std::chrono::milliseconds hang_after{0};
  };
  static std::shared_ptr<HostBackend> make(std::shared_ptr<Backend> backend, std::shared_ptr<RuntimeCore> runtime,
                                           Options options);
  /// On a thread that completes a call, the backend is destroyed on a worker instead: the backend's destructor may join
  /// this thread.
  ~HostBackend() override;

  const EngineInfo& info() const override { return backend_->info(); }
  void submit(Tensors inputs, const CallOptions& call, Function<void(Result<Tensors>)> done) override;
  /// Returns at the deadline, even if the backend is still computing.
  Result<Tensors> run(Tensors inputs, const CallOptions& call) override;
  void on_shutdown(const Error& reason) override;
  ModelStats stats() const override;
  ModelCounters& counters() { return record_.counters(); }

 private:
  struct Waiting;
  using WaitingPtr = std::shared_ptr<Waiting>;
  class Answer;
  HostBackend(std::shared_ptr<Backend> backend, std::shared_ptr<RuntimeCore> runtime, Options options);

  /// Registers a call; the error says why it is refused. Takes `done` only if it is not refused.
  Result<WaitingPtr> begin(const Tensors& inputs, const CallOptions& call, Function<void(Result<Tensors>)>& done);
  void send(const WaitingPtr& waiting, Tensors inputs);
  void answer(const WaitingPtr& waiting, Result<Tensors> result) noexcept;
  void account(const Waiting& waiting, const Result<Tensors>& result, Clock::time_point now) noexcept;
  /// Removes the waiting call, so that the caller may complete it; false if it was removed before.
  bool take(Waiting& waiting) noexcept GANTRY_REQUIRES(mutex_);
  /// The time for a new timer, if one is needed before the timer the earliest timer that is set.
  std::optional<Clock::time_point> timer_to_set() GANTRY_REQUIRES(mutex_);
  void set_timer(Clock::time_point when);
  void on_timer(Clock::time_point when);
  Health health(Clock::time_point now) const;

  std::shared_ptr<Backend> backend_;
  const std::shared_ptr<RuntimeCore> runtime_;
  const Options options_;
  mutable Mutex mutex_;
  std::multimap<Clock::time_point, WaitingPtr> waiting_ GANTRY_GUARDED_BY(mutex_);    // by start time
  std::multimap<Clock::time_point, WaitingPtr> deadlines_ GANTRY_GUARDED_BY(mutex_);  // by deadline
  Clock::time_point timer_ GANTRY_GUARDED_BY(mutex_) = Clock::time_point::max();      // that is set
  bool is_stopped_ GANTRY_GUARDED_BY(mutex_) = false;
  std::atomic<std::uint64_t> answers_dropped_{0};
  ModelRecord record_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
