// SPDX-License-Identifier: Apache-2.0
// Passes a request to a worker, and its result back.
#include "pipeline/request.hpp"

#include <algorithm>
#include <gantry/translate_exception.hpp>
#include <optional>
#include <utility>

#include "core/return_if_error.hpp"
#include "runtime/current_thread.hpp"
#include "runtime/helping_caller.hpp"
#include "runtime/on_worker.hpp"
#include "runtime/outside_wait.hpp"
#include "runtime/rounding_scope.hpp"

namespace gantry::inline GANTRY_ABI::detail {

Error Compiled::scoped(const Error& error) const noexcept {
  return scope.empty() ? error : error.within(scope);
}

Error Compiled::failed(const Error& error, const CallOptions& call) const noexcept {
  count_error(error, call);
  return scoped(error);
}

void Compiled::count_error(const Error& error, const CallOptions& call) const noexcept {
  if (!call.is_trial) errors[static_cast<std::size_t>(error.code())].fetch_add(1, std::memory_order_relaxed);
}

void Compiled::count_answer(const CallOptions& call) const noexcept {
  if (!call.is_trial) time.record(call.now() - call.began);
}

PipelineStats Compiled::stats() const {
  PipelineStats stats;
  stats.name = name;
  stats.version = version;
  stats.time = time.snapshot();
  stats.requests = requests.load();
  stats.last_request = last_request.load();
  for (std::size_t i = 0; i < kErrorCodes; ++i) stats.errors[i] = errors[i].load(std::memory_order_relaxed);
  for (const StageCounter& counter : counters)
    stats.stages.push_back({counter.path, counter.name, counter.samples.load(), counter.errors.load(),
                            counter.time.snapshot(), counter.fused_into});
  return stats;
}

Result<Value> Compiled::finish(Slot& slot, const CallOptions& call, RuntimeCore& core) const noexcept {
  try {
    const bool is_late = slot.ok() ? call.is_past_deadline() : slot.error().code() == ErrorCode::kDeadlineExceeded;
    if (is_late) core.counters().deadline_misses.add();
    if (!slot.ok()) return failed(slot.error(), call);
    if (is_late)
      return failed(Error(ErrorCode::kDeadlineExceeded, "the deadline passed before the result was ready"), call);
    if (out->settle) out->settle(slot.value().data(), MemoryCare::kCompact);
    count_answer(call);
    return std::move(slot.value());
  } catch (...) {
    return failed(translate_exception(), call);
  }
}

Clock::duration Compiled::expected(std::size_t samples, const CallOptions& call) const {
  const auto expected = fastest.of(samples);
  const bool is_hopeless = call.deadline && expected > *call.deadline - call.now();
  return is_hopeless && fastest.should_try() ? Clock::duration::zero() : expected;
}

void Compiled::learn(Span<const Slot> slots, const CallOptions& call, Clock::time_point began) const {
  if (call.is_trial || !std::all_of(slots.begin(), slots.end(), [](const Slot& slot) { return slot.ok(); })) return;
  fastest.record(slots.size(), call.now() - began);
}

namespace {

void tell_queue_wait(const Compiled& compiled, const CallOptions& call, Clock::time_point posted, std::size_t samples,
                     const Error* refusal) {
  if (call.observed)
    call.observed->tell(
        {SpanKind::kQueue, compiled.name, {}, posted, call.now(), samples, refusal ? samples : 0, refusal, {}});
}

}  // namespace

void run_on_caller(const Compiled& compiled, Span<Slot> slots, Context& context) {
  const CallerScope caller(*context.runtime);
  const RoundingScope rounding;
  compiled.plan->run(slots, context);
}

Result<std::vector<Slot>> run_blocking(const std::shared_ptr<const Compiled>& compiled,
                                       const std::shared_ptr<RuntimeCore>& core, std::vector<Slot> slots,
                                       const CallOptions& call, const RuntimeCore* admitted_by) {
  GANTRY_RETURN_IF_ERROR(call.interruption());
  Context context{&call, core.get(), true, nullptr};
  if (core->on_worker()) {  // part of an admitted request
    compiled->plan->run(slots, context);
    return slots;
  }
  if (core.get() == admitted_by) {  // the same, on a thread that user code started and its worker waits for
    run_on_caller(*compiled, slots, context);
    return slots;
  }
  const bool is_inline = core->options().execution == Execution::kCaller;
  const auto expected = is_inline ? Clock::duration::zero() : compiled->expected(slots.size(), call);
  GANTRY_ASSIGN_OR_RETURN(auto admission, core->admit(call, expected));
  if (is_inline) {
    run_on_caller(*compiled, slots, context);
    return slots;
  }
  if (call.deadline)  // the caller may return at the deadline and free memory that the input only refers to
    for (Slot& slot : slots)
      if (slot.value().type().settle) slot.value().type().settle(slot.value().data(), MemoryCare::kOwn);
  return std::make_shared<BlockingRequest>(compiled, core, call, std::move(slots), std::move(admission), expected)
      ->post_and_wait();
}

Result<void> run_as_request(RuntimeCore& core, const CallOptions& call, std::size_t samples,
                            const std::function<void()>& work) try {
  GANTRY_ASSIGN_OR_RETURN(const auto admission, core.on_worker() ? Result<Admission>(Admission()) : core.admit(call));
  const auto post = [&](Job job) { core.post_request(std::move(job), call, Clock::duration::zero(), samples); };
  return do_on_worker(core, post, work);
} catch (...) {
  return translate_exception();
}

BlockingRequest::BlockingRequest(std::shared_ptr<const Compiled> compiled, std::shared_ptr<RuntimeCore> core,
                                 const CallOptions& call, std::vector<Slot> slots, Admission admission,
                                 Clock::duration expected)
    : compiled_(std::move(compiled)),
      core_(std::move(core)),
      call_(call),
      slots_(std::move(slots)),
      context_{&call_, core_.get(), false, nullptr},
      admission_(std::move(admission)),
      expected_(expected) {}

Result<std::vector<Slot>> BlockingRequest::post_and_wait() {
  if (call_.observed) posted_ = call_.now();
  if (const HelpingCaller helper(*core_, call_, expected_); helper)
    begin(nullptr);
  else
    core_->post_request([self = shared_from_this()](const Error* refusal) { self->begin(refusal); }, call_, expected_,
                        slots_.size());
  const auto wait_until = [this](const std::optional<Deadline>& time) {
    const MutexLock lock(mutex_);
    if (is_finished_) return;
    if (time)
      finished_.wait_until(mutex_, core_->time(), *time);
    else
      finished_.wait(mutex_);
  };
  if (!OutsideWait(*core_).wait(
          call_.deadline, [this] { return is_finished(); }, wait_until, [this] { begin_here(); })) {
    core_->counters().deadline_misses.add();
    return Error(ErrorCode::kDeadlineExceeded, "the deadline passed before the result was ready");
  }
  return std::move(slots_);
}

bool BlockingRequest::is_finished() {
  const MutexLock lock(mutex_);
  return is_finished_;
}

void BlockingRequest::begin_here() {
  if (is_begun_.exchange(true)) return;
  tell_queue_wait(*compiled_, call_, posted_, slots_.size(), nullptr);
  began_ = call_.now();
  context_.is_inline = true;
  run_on_caller(*compiled_, slots_, context_);
  finish();
}

void BlockingRequest::begin(const Error* refusal) {
  if (is_begun_.exchange(true)) return;  // another thread has begun it
  tell_queue_wait(*compiled_, call_, posted_, slots_.size(), refusal);
  if (!refusal) {
    began_ = call_.now();
    return compiled_->plan->start(slots_, context_, [self = shared_from_this()] { self->finish(); });
  }
  for (Slot& slot : slots_) slot.fail(*refusal);
  finish();
}

void BlockingRequest::finish() {
  compiled_->learn(slots_, call_, began_);
  admission_.end();
  {
    const MutexLock lock(mutex_);
    is_finished_ = true;
  }
  finished_.notify_one();  // without the lock, which the caller wakes up to take; whoever called this holds the request
}

void finish_batch(const Compiled& compiled, Span<Slot> slots, std::size_t count, const Error* error,
                  const CallOptions& call, RuntimeCore& core, std::vector<Result<Value>>& results) {
  std::size_t failed = 0;
  const Error* first = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    results.push_back(error ? compiled.failed(*error, call) : compiled.finish(slots[i], call, core));
    if (!results.back() && failed++ == 0) first = &results.back().error();
  }
  if (call.observed) call.observed->end(count, failed, first);
}

void SubmittedRequest::begin(std::unique_ptr<SubmittedRequest> request, const Error* refusal) {
  SubmittedRequest& r = *request;
  const Span<Slot> slots = r.slots();
  tell_queue_wait(*r.compiled, r.call, r.posted, slots.size(), refusal);
  if (refusal) {
    for (Slot& slot : slots) slot.fail(*refusal);
    return finish(std::move(request));
  }
  r.began = r.call.now();
  r.compiled->plan->start(slots, r.context, [request = std::move(request)]() mutable { finish(std::move(request)); });
}

void SubmittedRequest::finish(std::unique_ptr<SubmittedRequest> request) {
  SubmittedRequest& r = *request;
  if (!r.context.is_inline) r.compiled->learn(r.slots(), r.call, r.began);
  r.admission.end();
  if (!r.batch.empty()) {
    finish_batch(*r.compiled, r.batch, r.batch.size(), nullptr, r.call, *r.core, r.batch_results);
    auto results = std::move(r.batch_results);
    auto done = std::move(r.batch_done);
    request.reset();
    return call_done(done, std::move(results));
  }
  auto result = r.compiled->finish(r.slot, r.call, *r.core);
  if (r.call.observed) r.call.observed->end(1, result ? 0 : 1, result ? nullptr : &result.error());
  auto done = std::move(r.done);
  request.reset();
  call_done(done, std::move(result));
}

}  // namespace gantry::inline GANTRY_ABI::detail
