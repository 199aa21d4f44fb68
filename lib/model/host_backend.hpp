// SPDX-License-Identifier: Apache-2.0
// HostBackend: a Backend of the host's own as models and runtimes need it. Whatever that does, each call is answered
// once: by the backend, at the call's deadline, because submit() threw, because its `done` went away, or by the
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

/// Ownership: shares the backend and the runtime's core. The backend keeps alive what waits for an answer, no more.
/// Threads:   thread-safe.
/// Errors:    see above; nothing is called under its lock.
/// Cost:      one timer at the runtime for all calls with a deadline.
class HostBackend final : public ModelBackend, public RuntimeMember, public std::enable_shared_from_this<HostBackend> {
 public:
  struct Options {
    std::string name;
    bool has_batch_axis = false;
    std::chrono::milliseconds hang_after{0};
  };
  static std::shared_ptr<HostBackend> make(std::shared_ptr<Backend> backend, std::shared_ptr<RuntimeCore> runtime,
                                           Options options);
  /// On a thread that gives an answer, a worker lets go of the backend: its destructor may wait for that thread.
  ~HostBackend() override;

  const EngineInfo& info() const override { return backend_->info(); }
  void submit(Tensors inputs, const CallOptions& call, Function<void(Result<Tensors>)> done) override;
  /// Returns at the deadline, though the backend may still be at it.
  Result<Tensors> run(Tensors inputs, const CallOptions& call) override;
  void on_shutdown(const Error& reason) override;
  ModelStats stats() const override;
  ModelCounters& counters() { return record_.counters(); }

 private:
  struct Waiting;
  using WaitingPtr = std::shared_ptr<Waiting>;
  class Answer;
  HostBackend(std::shared_ptr<Backend> backend, std::shared_ptr<RuntimeCore> runtime, Options options);

  /// Registers a call; the error says why it is refused.
  /// Takes `done` only if it is not refused.
  Result<WaitingPtr> begin(const Tensors& inputs, const CallOptions& call, Function<void(Result<Tensors>)>& done);
  void send(const WaitingPtr& waiting, Tensors inputs);
  void answer(const WaitingPtr& waiting, Result<Tensors> result) noexcept;
  void account(const Waiting& waiting, const Result<Tensors>& result, Clock::time_point now) noexcept;
  /// The call is not waiting any more; false if it was not.
  bool take(Waiting& waiting) noexcept GANTRY_REQUIRES(mutex_);
  /// When the timer has to fire, if that is before the one that is set.
  std::optional<Clock::time_point> timer_to_set() GANTRY_REQUIRES(mutex_);
  void set_timer(Clock::time_point when);
  void on_timer(Clock::time_point when);
  Health health(Clock::time_point now) const;

  std::shared_ptr<Backend> backend_;
  const std::shared_ptr<RuntimeCore> runtime_;
  const Options options_;
  mutable Mutex mutex_;
  std::multimap<Clock::time_point, WaitingPtr> waiting_ GANTRY_GUARDED_BY(mutex_);    // by when they began
  std::multimap<Clock::time_point, WaitingPtr> deadlines_ GANTRY_GUARDED_BY(mutex_);  // of those that have one
  Clock::time_point timer_ GANTRY_GUARDED_BY(mutex_) = Clock::time_point::max();      // that is set
  bool is_stopped_ GANTRY_GUARDED_BY(mutex_) = false;
  std::atomic<std::uint64_t> answers_dropped_{0};
  ModelRecord record_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
