// SPDX-License-Identifier: Apache-2.0
// A waiting call is in a map. The thread that removes it completes it, so that it completes exactly once.
#include "model/host_backend.hpp"

#include <algorithm>
#include <exception>
#include <gantry/translate_exception.hpp>
#include <thread>
#include <utility>

#include "core/error_or_out_of_memory.hpp"
#include "core/return_if_error.hpp"
#include "runtime/awaited_result.hpp"
#include "runtime/outside_wait.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

Error too_late() noexcept {
  return error_or_out_of_memory([] {
    return Error(ErrorCode::kDeadlineExceeded, "the deadline passed before the backend answered")
        .with_reason(ErrorReason::kDeadlinePassed);
  });
}

/// True while this thread completes a call. It may be one of the backend's threads, which the backend's destructor
/// joins.
thread_local bool is_answering = false;

}  // namespace

struct HostBackend::Waiting {
  CallOptions options;
  Function<void(Result<Tensors>)> done;
  std::size_t rows = 1;
  Clock::time_point began{};
  Admission admission;  // held by a call from outside the runtime; else empty
  bool is_waiting = true;
  std::atomic<std::thread::id> submitting{};  // the thread that is in Backend::submit() with it
  std::multimap<Clock::time_point, WaitingPtr>::iterator place;
  std::optional<std::multimap<Clock::time_point, WaitingPtr>::iterator> deadline_place;
};

/// The `done` that the backend gets. It does not keep the model alive; the waiting caller does.
class HostBackend::Answer {
 public:
  Answer(const std::shared_ptr<HostBackend>& self, WaitingPtr waiting) : self_(self), waiting_(std::move(waiting)) {}
  Answer(Answer&&) noexcept = default;
  Answer& operator=(Answer&&) = delete;
  ~Answer() {
    if (!waiting_ || is_called_) return;
    // Destroyed because submit() throws: send() completes the call with that exception.
    if (std::uncaught_exceptions() > 0 && waiting_->submitting == std::this_thread::get_id()) return;
    give(error_or_out_of_memory(
        [] { return Error(ErrorCode::kUnavailable, "the backend dropped the call without an answer"); }));
  }
  void operator()(Result<Tensors> result) {
    is_called_ = true;
    give(std::move(result));
  }

 private:
  void give(Result<Tensors> result) noexcept {
    auto self = self_.lock();
    if (!self) return;
    const bool was_answering = std::exchange(is_answering, true);
    self->answer(waiting_, std::move(result));
    self.reset();  // may be the last handle of the model: destroy it while is_answering
    is_answering = was_answering;
  }

  std::weak_ptr<HostBackend> self_;
  WaitingPtr waiting_;  // nullptr: moved from
  bool is_called_ = false;
};

std::shared_ptr<HostBackend> HostBackend::make(std::shared_ptr<Backend> backend, std::shared_ptr<RuntimeCore> runtime,
                                               Options options) {
  std::shared_ptr<HostBackend> made(new HostBackend(std::move(backend), std::move(runtime), std::move(options)));
  made->runtime_->members().add(std::weak_ptr<RuntimeMember>(made));
  return made;
}

HostBackend::HostBackend(std::shared_ptr<Backend> backend, std::shared_ptr<RuntimeCore> runtime, Options options)
    : backend_(std::move(backend)),
      runtime_(std::move(runtime)),
      options_(std::move(options)),
      record_(options_.name) {}

HostBackend::~HostBackend() {
  if (!is_answering) return;
  try {
    runtime_->post([backend = std::move(backend_)](const Error* refusal) mutable {
      if (refusal) std::thread([last = std::move(backend)] {}).detach();  // the runtime has no workers left
    });
  } catch (...) {  // no memory for the job: the backend is destroyed here
  }
}

Result<HostBackend::WaitingPtr> HostBackend::begin(const Tensors& inputs, const CallOptions& call,
                                                   Function<void(Result<Tensors>)>& done) {
  const auto refuse = [&](Error error, ErrorReason reason) {
    error = error.with_reason(reason);
    record_.count_rejected(error, call);
    return error;
  };
  record_.count_arrival(call);
  if (auto interruption = call.interruption())
    return refuse(*interruption, call.cancel.is_cancelled() ? ErrorReason::kCancelled : ErrorReason::kDeadlinePassed);
  auto waiting = std::make_shared<Waiting>();
  if (!runtime_->on_worker()) {
    GANTRY_ASSIGN_OR_RETURN(auto admission, runtime_->admit(call));
    waiting->admission = std::move(admission);
  }
  waiting->options = call;
  if (options_.has_batch_axis && inputs.size() > 0)
    waiting->rows = static_cast<std::size_t>(std::max<std::int64_t>(1, inputs[0].tensor.shape()[0]));
  waiting->began = runtime_->now();
  std::optional<Clock::time_point> timer;
  {
    const MutexLock lock(mutex_);
    if (is_stopped_) return refuse(Error(ErrorCode::kUnavailable, "the runtime was shut down"), ErrorReason::kShutdown);
    waiting->place = waiting_.emplace(waiting->began, waiting);
    if (call.deadline && runtime_->options().execution == Execution::kPooled) try {
        waiting->deadline_place = deadlines_.emplace(*call.deadline, waiting);
        timer = timer_to_set();
      } catch (...) {
        waiting_.erase(waiting->place);
        throw;
      }
    waiting->done = std::move(done);
  }
  if (timer) set_timer(*timer);
  return waiting;
}

void HostBackend::send(const WaitingPtr& waiting, Tensors inputs) {
  waiting->submitting = std::this_thread::get_id();
  try {
    backend_->submit(std::move(inputs), waiting->options, Answer(shared_from_this(), waiting));
  } catch (...) {
    answer(waiting, translate_exception());
  }
  waiting->submitting = std::thread::id();
}

void HostBackend::submit(Tensors inputs, const CallOptions& call, Function<void(Result<Tensors>)> done) {
  if (runtime_->options().execution == Execution::kCaller) return done(run(std::move(inputs), call));
  const auto self = shared_from_this();  // the call may complete and release this object before submit() returns
  auto waiting = begin(inputs, call, done);
  if (!waiting) return done(std::move(waiting).error());
  send(*waiting, std::move(inputs));
}

Result<Tensors> HostBackend::run(Tensors inputs, const CallOptions& call) {
  AwaitedResult<Tensors> result;
  Function<void(Result<Tensors>)> done = [giver = result.giver()](Result<Tensors> given) mutable {
    giver.set(std::move(given));
  };
  GANTRY_ASSIGN_OR_RETURN(auto waiting, begin(inputs, call, done));
  send(waiting, std::move(inputs));
  const OutsideWait outside(*runtime_);
  while (!result.is_there() && !(call.deadline && runtime_->now() >= *call.deadline))
    result.wait_until(runtime_->time(), call.deadline);
  if (!result.is_there()) answer(waiting, too_late());
  while (!result.is_there())
    result.wait_until(runtime_->time(), std::nullopt);  // another thread has removed the call and is completing it
  return result.take();
}

bool HostBackend::take(Waiting& waiting) noexcept {
  if (!waiting.is_waiting) return false;
  waiting.is_waiting = false;
  if (waiting.deadline_place) deadlines_.erase(*waiting.deadline_place);
  waiting_.erase(waiting.place);
  return true;
}

void HostBackend::answer(const WaitingPtr& waiting, Result<Tensors> result) noexcept {
  const auto now = runtime_->now();
  const bool is_taken = [&] {
    const MutexLock lock(mutex_);
    return take(*waiting);
  }();
  if (!is_taken) {
    ModelCounters::add(answers_dropped_);
    return;
  }
  if (result && waiting->options.deadline && now >= *waiting->options.deadline) result = too_late();
  account(*waiting, result, now);
  waiting->admission.end();
  auto done = std::move(waiting->done);
  done(std::move(result));
}

void HostBackend::account(const Waiting& waiting, const Result<Tensors>& result, Clock::time_point now) noexcept {
  EndedSpan span{SpanKind::kEngineCall, options_.name, {}, waiting.began, now, waiting.rows};
  if (!result) {
    span.failed = waiting.rows;
    span.error = &result.error();
  }
  if (waiting.options.observed) waiting.options.observed->tell(span);
  if (waiting.options.is_trial) return;
  ModelCounters& counters = record_.counters();
  counters.compute.record(now - waiting.began);
  if (result) {
    counters.batches.add();
    counters.samples.add(waiting.rows);
    return;
  }
  const Error& error = result.error();
  record_.count_failed(error, waiting.options);
  const bool is_reject =
      error.reason() != ErrorReason::kNone && static_cast<std::size_t>(error.reason()) < kRejectReasons;
  if (is_reject) record_.count_rejected(error, waiting.options);
}

std::optional<Clock::time_point> HostBackend::timer_to_set() {
  if (deadlines_.empty() || deadlines_.begin()->first >= timer_) return std::nullopt;
  timer_ = deadlines_.begin()->first;
  return timer_;
}

void HostBackend::set_timer(Clock::time_point when) {
  runtime_->post_at(when, [weak = weak_from_this(), when](const Error* refusal) {
    const auto self = weak.lock();
    if (!self) return;
    if (!refusal) return self->on_timer(when);
    // Refused for lack of memory: a later call may set the timer. At shutdown all calls are completed anyway.
    const MutexLock lock(self->mutex_);
    if (self->timer_ == when) self->timer_ = Clock::time_point::max();
  });
}

void HostBackend::on_timer(Clock::time_point when) {
  for (;;) {  // one at a time: a list would need memory
    WaitingPtr late;
    std::optional<Clock::time_point> timer;
    {
      const MutexLock lock(mutex_);
      if (!deadlines_.empty() && deadlines_.begin()->first <= runtime_->now()) {
        late = deadlines_.begin()->second;
      } else {
        if (timer_ == when) timer_ = Clock::time_point::max();
        timer = timer_to_set();
      }
    }
    if (late) {
      answer(late, too_late());
      continue;
    }
    if (timer) set_timer(*timer);
    return;
  }
}

void HostBackend::on_shutdown(const Error& reason) {
  const bool is_first = [this] {
    const MutexLock lock(mutex_);
    return !std::exchange(is_stopped_, true);
  }();
  if (is_first) try {
      backend_->shutdown();
    } catch (...) {  // must not throw; the calls it left are completed below
    }
  const auto take_any = [this] {
    const MutexLock lock(mutex_);
    return waiting_.empty() ? nullptr : waiting_.begin()->second;
  };
  for (WaitingPtr waiting = take_any(); waiting; waiting = take_any()) answer(waiting, reason);
}

Health HostBackend::health(Clock::time_point now) const {
  Health health;
  try {
    health = backend_->health();
  } catch (...) {
    health = {false, {"Backend::health() " + translate_exception().message()}};
  }
  const MutexLock lock(mutex_);
  if (options_.hang_after.count() > 0 && !waiting_.empty() && now - waiting_.begin()->first > options_.hang_after) {
    health.is_ready = false;
    health.reasons.push_back("a call has had no answer for " +
                             std::to_string((now - waiting_.begin()->first) / std::chrono::milliseconds(1)) +
                             " ms; hang_after is " + std::to_string(options_.hang_after.count()) + " ms");
  }
  return health;
}

ModelStats HostBackend::stats() const {
  ModelStats stats;
  record_.add_to(stats);
  stats.engine = info().description;
  stats.answers_dropped = answers_dropped_.load(std::memory_order_relaxed);
  stats.health = health(runtime_->now());
  std::optional<BackendStats> own;
  try {
    own = backend_->stats();
    stats.memory = backend_->memory();
  } catch (...) {
    stats.health.is_ready = false;
    stats.health.reasons.push_back("Backend::stats() or memory() " + translate_exception().message());
  }
  if (own) {
    stats.batches = own->batches;
    stats.retries = own->retries;
    stats.waiting = own->waiting;
    stats.running = own->running;
    stats.instances = own->instances;
  } else {
    const MutexLock lock(mutex_);
    stats.running = waiting_.size();
  }
  return stats;
}

}  // namespace gantry::inline GANTRY_ABI::detail
