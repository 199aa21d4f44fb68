// SPDX-License-Identifier: Apache-2.0
#include "model/call_queue.hpp"

#include <algorithm>
#include <gantry/translate_exception.hpp>
#include <utility>

#include "model/batch.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

std::string milliseconds(Clock::duration duration) {
  return std::to_string(duration / std::chrono::milliseconds(1)) + " ms";
}

}  // namespace

CallQueue::CallQueue(const BatchOptions& options, const RuntimeOptions& runtime, std::size_t instances)
    : options_(options),
      waiting_(runtime.priority_aging, runtime.tenant_weights),
      latencies_(options.padding ? options.padding->bucket_count() : 1,
                 LatencyModel(options.max_batch, options.sizes.all())),
      rows_waiting_(latencies_.size()),
      at_a_time_(std::min(instances, static_cast<std::size_t>(std::max(1, runtime.workers)))),
      overload_(runtime.shed_target, runtime.shed_interval) {
  running_.reserve(instances);
}

std::optional<Error> CallQueue::arrive(CallPtr& call, Clock::time_point now) {
  if (auto refusal = check_health(now)) return refusal;
  if (auto refusal = check_deadline(*call, now)) return refusal;
  const CallOptions& options = call->options;
  Ticket ticket{options.priority, options.tenant, options.deadline, now, static_cast<double>(call->rows), {}};
  call->arrived = now;
  const bool is_first = waiting_.empty();
  std::size_t& rows_waiting = rows_waiting_[call->bucket];
  const std::size_t rows = call->rows;
  waiting_.push(std::move(call), std::move(ticket));
  rows_waiting += rows;
  if (is_first) overload_.on_first(now);
  return std::nullopt;
}

void CallQueue::end(Clock::time_point began) {
  running_.erase(std::find(running_.begin(), running_.end(), began));
}

void CallQueue::restart(Clock::time_point began, Clock::time_point now) {
  *std::find(running_.begin(), running_.end(), began) = now;
}

void CallQueue::set_device_fault(const std::string& message) {
  if (device_fault_.empty()) device_fault_ = message;
}

std::optional<Clock::time_point> CallQueue::timer_to_set() {
  const auto when = close();
  if (when >= timer_) return std::nullopt;
  timer_ = when;
  return when;
}

void CallQueue::on_timer(Clock::time_point when) {
  if (when == timer_) timer_ = Clock::time_point::max();
}

Clock::time_point CallQueue::close() const {
  auto close = Clock::time_point::max();
  waiting_.for_each([&](const FairQueue<CallPtr>::Entry& entry) {
    close = std::min(close, entry.ticket.queued + options_.max_delay);
    if (entry.ticket.deadline)
      close = std::min(close, *entry.ticket.deadline - 2 * expected(options_.max_batch, entry.item->bucket));
  });
  return close;
}

std::optional<Error> CallQueue::check_health(Clock::time_point now) const {
  if (!device_fault_.empty())
    return Error(ErrorCode::kUnavailable, "the device has failed permanently; restart the process: " + device_fault_)
        .with_reason(ErrorReason::kUnhealthy);
  const auto oldest = running_.empty() ? now : *std::min_element(running_.begin(), running_.end());
  if (options_.hang_after.count() > 0 && now - oldest > options_.hang_after)
    return Error(ErrorCode::kUnavailable, "an engine call has not returned for " + milliseconds(now - oldest) +
                                              "; hang_after is " + milliseconds(options_.hang_after))
        .with_reason(ErrorReason::kUnhealthy);
  return std::nullopt;
}

std::optional<Error> CallQueue::check_deadline(Call& call, Clock::time_point now) {
  if (!call.options.deadline || running_.empty()) return std::nullopt;  // an idle model tries any deadline
  LatencyModel& latency = latencies_[call.bucket];
  const auto wait = overload_.time_for(waiting_.cost_ahead_of(call.options.priority));
  const auto needed = wait + latency.fastest(call.rows);
  const auto left = *call.options.deadline - now;
  if (needed <= left) return std::nullopt;
  call.is_tried = wait <= left && latency.should_try_hopeless();
  if (call.is_tried) return std::nullopt;
  return Error(ErrorCode::kResourceExhausted, "the model would finish the call in " + milliseconds(needed) +
                                                  ", but its deadline is in " + milliseconds(left))
      .with_reason(ErrorReason::kDeadlineUnreachable, needed - left);
}

std::size_t CallQueue::paying_batch() const {
  std::size_t largest = 1;
  for (const LatencyModel& latency : latencies_) largest = std::max(largest, latency.best_size());
  return largest;
}

CallPtr CallQueue::take_any(Clock::time_point now) {
  auto entry = waiting_.take(now);
  if (!entry) return nullptr;
  rows_waiting_[entry->item->bucket] -= entry->item->rows;
  return std::move(entry->item);
}

std::size_t CallQueue::next_bucket(Clock::time_point now) {
  if (latencies_.size() == 1) return 0;
  const auto* next = waiting_.next(now);
  return next ? next->item->bucket : 0;
}

bool CallQueue::share_batch(const Call& a, const Call& b) const {
  if (a.bucket != b.bucket) return false;
  return options_.padding ? options_.padding->share_batch(a.inputs, b.inputs) : have_same_samples(a.inputs, b.inputs);
}

CallQueue::When CallQueue::when_to_serve(Clock::time_point now, std::size_t coming) {
  if (!options_.merges_calls) return When::kNow;
  for (const std::size_t rows : rows_waiting_)
    if (rows >= options_.max_batch) return When::kNow;
  const std::size_t bucket = next_bucket(now);
  const std::size_t waiting = rows_waiting_[bucket];
  const LatencyModel& latency = latencies_[bucket];
  if (options_.max_delay.count() > 0) {
    if (waiting >= latency.batch_size(options_.max_batch)) return When::kNow;
    return now >= close() ? When::kNow : When::kInTime;
  }
  return coming == 0 || waiting >= latency.batch_size(waiting + coming) ? When::kNow : When::kDeferred;
}

std::optional<Error> CallQueue::check_turn(const FairQueue<CallPtr>::Entry& entry, Clock::time_point now) const {
  const CallOptions& call = entry.item->options;
  const LatencyModel& latency = latencies_[entry.item->bucket];
  const auto needed = latency.fastest(entry.item->rows);
  if (call.cancel.is_cancelled())
    return Error(ErrorCode::kCancelled, "the request was cancelled while it waited for the model")
        .with_reason(ErrorReason::kCancelled);
  if (!call.deadline) return std::nullopt;
  if (now >= *call.deadline)
    return Error(ErrorCode::kDeadlineExceeded, "the deadline passed while waiting for the model")
        .with_reason(ErrorReason::kDeadlinePassed);
  if (!running_.empty() && now + needed > *call.deadline && !entry.item->is_tried)
    return Error(ErrorCode::kDeadlineExceeded, "the deadline is in " + milliseconds(*call.deadline - now) +
                                                   ", but the model takes " + milliseconds(needed))
        .with_reason(ErrorReason::kDeadlineUnreachable);
  if (!waiting_.empty() && overload_.should_shed(now, entry.ticket.queued, latency.expected(entry.item->rows),
                                                 *call.deadline - entry.ticket.queued))
    return Error(ErrorCode::kResourceExhausted,
                 "the model is overloaded: shed after waiting for " + milliseconds(now - entry.ticket.queued))
        .with_reason(ErrorReason::kShed, overload_.time_for(waiting_.cost_ahead_of(call.priority)));
  return std::nullopt;
}

bool CallQueue::add_to(Batch& batch, FairQueue<CallPtr>::Entry entry, Clock::time_point now) noexcept {
  overload_.on_take(now, entry.ticket.cost, waiting_.empty());
  rows_waiting_[entry.item->bucket] -= entry.item->rows;
  try {
    entry.item->refusal = check_turn(entry, now);
  } catch (...) {
    entry.item->refusal = translate_exception();
  }
  const bool is_refused = entry.item->refusal.has_value();
  (is_refused ? batch.refused : batch.calls).add(std::move(entry.item));
  return !is_refused;
}

std::size_t CallQueue::batch_limit(const LatencyModel& latency, std::size_t rows) const {
  const auto computable = [&](std::size_t limit) {
    const std::size_t size = options_.sizes.up_to(limit);
    return size == 0 ? limit : size;
  };
  const std::size_t limit = computable(std::min(rows, latency.batch_size(rows)));
  const std::size_t idle = at_a_time_ - std::min(at_a_time_, running_.size() - 1);  // with that of this batch
  if (idle <= 1 || latency.trial_size(rows) > 0) return limit;
  const std::size_t share = computable((rows + idle - 1) / idle);
  const bool is_sooner = share < limit && 4 * latency.expected(share) < 3 * latency.expected(limit);
  return is_sooner ? share : limit;
}

Batch CallQueue::begin(Clock::time_point now) {
  Batch batch;
  while (batch.calls.size == 0) {
    auto entry = waiting_.take(now);
    if (!entry) return batch;
    add_to(batch, *std::move(entry), now);
  }
  running_.push_back(now);
  if (!options_.merges_calls || waiting_.empty()) return batch;

  const Call& first = *batch.calls.first;
  std::size_t rows = first.rows;
  auto deadline = first.options.deadline.value_or(Clock::time_point::max());
  const LatencyModel& latency = latencies_[first.bucket];
  const std::size_t limit = batch_limit(latency, rows + rows_waiting_[first.bucket]);
  // A call that is excluded only by its size or deadline closes the batch, so that no later call overtakes it.
  bool is_closed = false;
  const auto fits = [&](const FairQueue<CallPtr>::Entry& entry) {
    const Call& call = *entry.item;
    if (is_closed || !share_batch(first, call)) return false;
    const auto earliest = std::min(deadline, call.options.deadline.value_or(Clock::time_point::max()));
    is_closed = rows + call.rows > limit ||
                (earliest != Clock::time_point::max() && earliest - now < latency.expected(rows + call.rows));
    return !is_closed;
  };
  while (rows < limit) {
    auto entry = waiting_.take(now, fits);
    if (!entry) break;
    if (!add_to(batch, *std::move(entry), now)) continue;
    rows += batch.calls.last->rows;
    deadline = std::min(deadline, batch.calls.last->options.deadline.value_or(Clock::time_point::max()));
  }
  return batch;
}

}  // namespace gantry::inline GANTRY_ABI::detail
