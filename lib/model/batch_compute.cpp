// SPDX-License-Identifier: Apache-2.0
// Computing a batch of calls: joined, run, taken apart; and in parts where it failed and the engine cannot say why.
#include <algorithm>
#include <gantry/node.hpp>
#include <new>
#include <utility>

#include "core/floor_log2.hpp"
#include "core/return_if_error.hpp"
#include "model/batch.hpp"
#include "model/local_backend.hpp"
#include "runtime/exit_hook.hpp"

namespace gantry::detail {
void LocalBackend::execute(Turn turn) {
  Batch& batch = turn.batch;
  for (CallPtr call = std::move(batch.refused.first); call; call = std::move(call->next)) {
    count_rejected(*call->refusal, call->options);
    tell_wait(call->options, call->rows, call->arrived, &*call->refusal);
    answer(*call, *call->refusal);
  }
  if (batch.calls.size == 0) return;
  const auto began = runtime_->now();
  std::vector<Call*> calls;
  Results results;
  try {
    calls.reserve(batch.calls.size);
    results.reserve(batch.calls.size);
  } catch (const std::bad_alloc&) {
    give_back(std::move(turn.instance));
    return answer_all(std::move(batch.calls), translate_exception());
  }
  for (Call* call = batch.calls.first.get(); call; call = call->next.get()) {
    if (!call->options.is_trial) counters_.queue_wait.record(began - call->arrived);
    tell_wait(call->options, call->rows, call->arrived, nullptr);
    calls.push_back(call);
  }
  compute(turn.instance, calls, true, results);
  give_back(std::move(turn.instance));
  std::size_t index = 0;
  for (CallPtr call = std::move(batch.calls.first); call; call = std::move(call->next))
    answer(*call, std::move(results[index++]));
}

void LocalBackend::compute(Instance& instance, Span<Call* const> calls, bool may_retry_memory, Results& results) {
  const std::size_t before = results.size();
  const auto fail = [&](const Error& error) {
    while (results.size() < before + calls.size()) results.emplace_back(error);
  };
  try {
    if (calls.size() == 1) {
      Call& call = *calls[0];
      results.push_back(compute_rows(instance, call.inputs, call.rows, call.options, may_retry_memory));
      return;
    }
    std::size_t rows = 0;
    for (const Call* call : calls) rows += call->rows;
    auto together = compute_together(instance, calls, rows);
    if (together) {
      for (Tensors& outputs : *together) results.emplace_back(std::move(outputs));
      return;
    }
    const ErrorCode code = together.error().code();
    const bool lacks_memory = code == ErrorCode::kResourceExhausted;
    if (code != ErrorCode::kModelError && !(lacks_memory && may_retry_memory)) return fail(together.error());
    ModelCounters::add(counters_.retries, 2);
    const std::size_t half = calls.size() / 2;
    const bool may_retry_again = may_retry_memory && !lacks_memory;
    compute(instance, calls.subspan(0, half), may_retry_again, results);
    compute(instance, calls.subspan(half, calls.size() - half), may_retry_again, results);
    const auto is_ok = [](const Result<Tensors>& result) { return result.ok(); };
    if (code == ErrorCode::kModelError &&
        std::all_of(results.begin() + static_cast<std::ptrdiff_t>(before), results.end(), is_ok)) {
      const MutexLock lock(mutex_);  // no call was at fault, so the size was
      queue_.forbid(rows, calls[0]->bucket);
    }
  } catch (...) {
    fail(translate_exception());
  }
}

Result<std::vector<Tensors>> LocalBackend::compute_together(Instance& instance, Span<Call* const> calls,
                                                            std::size_t rows) {
  const auto wrong_size = [&] {
    return Error(ErrorCode::kModelError, "the model gave outputs of other than " + std::to_string(rows) + " rows");
  };
  {
    const MutexLock lock(mutex_);
    if (queue_.is_forbidden(rows, calls[0]->bucket)) return wrong_size();
  }
  const auto began = runtime_->now();
  std::vector<const Tensors*> parts;
  CallOptions together;  // nobody's in particular; as long as the most patient of them waits
  together.deadline = Deadline::min();
  together.is_trial = calls[0]->options.is_trial;
  together.time_source = calls[0]->options.time_source;
  for (const Call* call : calls) {
    parts.push_back(&call->inputs);
    together.deadline = std::max(*together.deadline, call->options.deadline.value_or(Deadline::max()));
  }
  const PaddingPlan* const padding = options_.padding.get();
  GANTRY_ASSIGN_OR_RETURN(const auto inputs, padding ? padding->join(parts) : join_rows(parts));
  const auto joined = runtime_->now();
  GANTRY_ASSIGN_OR_RETURN(const auto outputs, run_sized(instance, inputs, rows, together, calls));
  if (!have_rows(outputs, rows)) return wrong_size();
  const auto computed = runtime_->now();
  std::vector<Tensors> results;
  std::int64_t row = 0;
  for (const Call* call : calls) {
    auto part = take_rows(outputs, row, row + static_cast<std::int64_t>(call->rows));
    if (part && padding) part = padding->cut(*std::move(part), call->inputs);
    GANTRY_RETURN_IF_ERROR(part);
    results.push_back(*std::move(part));
    row += static_cast<std::int64_t>(call->rows);
  }
  if (!together.is_trial) counters_.gather.record((joined - began) + (runtime_->now() - computed));
  return results;
}

Result<Tensors> LocalBackend::compute_rows(Instance& instance, const Tensors& inputs, std::size_t rows,
                                           const CallOptions& call, bool may_retry_memory) {
  if (auto interruption = call.interruption()) {
    count_rejected(
        interruption->with_reason(call.cancel.is_cancelled() ? ErrorReason::kCancelled : ErrorReason::kDeadlinePassed),
        call);
    return *interruption;
  }
  if (options_.may_split && rows > max_merged_)
    return compute_parts(instance, inputs, rows, max_merged_, call, may_retry_memory);
  auto outputs = run_padded(instance, inputs, rows, call);
  if (outputs || outputs.error().code() != ErrorCode::kResourceExhausted || !may_retry_memory || rows == 1 ||
      !options_.may_split)
    return outputs;
  ModelCounters::add(counters_.retries, 2);
  return compute_parts(instance, inputs, rows, (rows + 1) / 2, call, false);
}

Result<Tensors> LocalBackend::compute_parts(Instance& instance, const Tensors& inputs, std::size_t rows,
                                            std::size_t size, const CallOptions& call, bool may_retry_memory) {
  std::vector<Tensors> parts;
  std::vector<const Tensors*> pointers;
  for (std::size_t begin = 0; begin < rows; begin += size) {
    const std::size_t end = std::min(rows, begin + size);
    auto part = take_rows(inputs, static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end));
    if (part) part = compute_rows(instance, *part, end - begin, call, may_retry_memory);
    if (!part) return part;
    if (!have_rows(*part, end - begin) || (!parts.empty() && !have_same_samples(parts[0], *part)))
      return Error(
          ErrorCode::kModelError,
          "the outputs of parts of a batch do not fit together: sizes of the outputs depend on more than the "
          "sizes of the inputs; set ModelOptions::merge to kNever, or give as many samples as max_batch allows");
    parts.push_back(*std::move(part));
  }
  for (const Tensors& part : parts) pointers.push_back(&part);
  return join_rows(pointers);
}

Result<Tensors> LocalBackend::run_padded(Instance& instance, const Tensors& inputs, std::size_t rows,
                                         const CallOptions& call) {
  if (!options_.padding) return run_sized(instance, inputs, rows, call);
  const auto began = runtime_->now();
  const Tensors* const alone = &inputs;
  auto whole = options_.padding->join({&alone, 1});
  if (!call.is_trial) counters_.gather.record(runtime_->now() - began);
  if (!whole) return whole;
  auto outputs = run_sized(instance, *whole, rows, call);
  return outputs ? options_.padding->cut(*std::move(outputs), inputs) : std::move(outputs);
}

Result<Tensors> LocalBackend::run_sized(Instance& instance, const Tensors& inputs, std::size_t rows,
                                        const CallOptions& call, Span<Call* const> together) {
  if (options_.sizes.fit(rows)) return run_engine(instance, inputs, rows, call, together);
  return run_in_sizes(options_.sizes, inputs, rows, options_.may_split,
                      [&](const Tensors& part, std::size_t size) -> Result<Tensors> {
                        GANTRY_RETURN_IF_ERROR(call.interruption());
                        return run_engine(instance, part, size, call, together);
                      });
}

Result<Tensors> LocalBackend::run_engine(Instance& instance, const Tensors& inputs, std::size_t rows,
                                         const CallOptions& call, Span<Call* const> together) {
  const auto began = runtime_->now();
  {
    const MutexLock lock(mutex_);
    queue_.restart(std::exchange(instance.began, began), began);
  }
  auto outputs = [&]() -> Result<Tensors> {
    try {
      return instance.engine->run(inputs, call);
    } catch (...) {  // an engine of the host's own that breaks the rule
      return translate_exception();
    }
  }();
  const auto took = runtime_->now() - began;
  if (!call.is_trial) count_run(rows, took);
  if (!outputs) {
    count(outputs.error(), call);
  } else {
    const MutexLock lock(mutex_);
    queue_.record(rows, took, bucket_of(inputs));
  }
  const std::uint64_t calls = ++engine_calls_;
  if ((calls & (calls - 1)) == 0) renew_exit_hook();  // 1, 2, 4, ...: the first calls of a kind make statics
  EndedSpan span{SpanKind::kEngineCall, name_, {}, began, began + took, rows};
  if (!outputs) {
    span.failed = rows;
    span.error = &outputs.error();
  }
  tell_engine_call(call, together, span);
  return outputs;
}

void LocalBackend::count_run(std::size_t rows, Clock::duration took) {
  counters_.compute.record(took);
  counters_.batches.add();
  counters_.samples.add(rows);
  counters_.batch_sizes[std::min(floor_log2(rows), counters_.batch_sizes.size() - 1)].add();
}

void LocalBackend::tell_wait(const CallOptions& call, std::size_t rows, Clock::time_point arrived,
                             const Error* refusal) const {
  if (call.observed)
    call.observed->tell(
        {SpanKind::kModelQueue, name_, {}, arrived, runtime_->now(), rows, refusal ? rows : 0, refusal, {}});
}

void LocalBackend::tell_engine_call(const CallOptions& call, Span<Call* const> together, EndedSpan span) const noexcept
    try {
  if (call.observed) call.observed->tell(span);
  std::vector<ObservedRequest::Ptr> requests;
  for (const Call* one : together)
    if (one->options.observed) requests.push_back(one->options.observed);
  if (!requests.empty()) ObservedRequest::tell_all(requests, span);
} catch (...) {  // no memory: then it is not told
}

void LocalBackend::count(const Error& error, const CallOptions& call) {
  if (!call.is_trial) {
    if (error.code() == ErrorCode::kModelError) ModelCounters::add(counters_.model_errors);
    if (error.code() == ErrorCode::kResourceExhausted) ModelCounters::add(counters_.resource_errors);
    if (error.code() == ErrorCode::kInvalidArgument) ModelCounters::add(counters_.bad_inputs);
  }
  if (error.code() != ErrorCode::kUnavailable || error.reason() != ErrorReason::kUnhealthy) return;
  const MutexLock lock(mutex_);
  queue_.set_device_fault(error.message());
}

void LocalBackend::count_rejected(const Error& error, const CallOptions& call) {
  if (!call.is_trial) counters_.rejects.count(error.reason());
}

}  // namespace gantry::detail
