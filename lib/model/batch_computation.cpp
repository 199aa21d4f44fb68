// SPDX-License-Identifier: Apache-2.0
#include "model/batch_computation.hpp"

#include <algorithm>
#include <gantry/translate_exception.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "model/batch.hpp"
#include "runtime/exit_hook.hpp"

namespace gantry::inline GANTRY_ABI::detail {

Result<Tensors> BatchComputation::run_alone(Lane& lane, const Tensors& inputs, std::size_t rows,
                                            const CallOptions& call) noexcept {
  try {
    return run_rows(lane, inputs, rows, call, true);
  } catch (...) {
    return translate_exception();
  }
}

void BatchComputation::run(Lane& lane, Span<Call* const> calls, bool may_retry_memory, Results& results) {
  const std::size_t before = results.size();
  const auto fail = [&](const Error& error) {
    while (results.size() < before + calls.size()) results.emplace_back(error);
  };
  try {
    if (calls.size() == 1) {
      Call& call = *calls[0];
      results.push_back(run_rows(lane, call.inputs, call.rows, call.options, may_retry_memory));
      return;
    }
    std::size_t rows = 0;
    for (const Call* call : calls) rows += call->rows;
    auto together = run_together(lane, calls, rows);
    if (together) {
      for (Tensors& outputs : *together) results.emplace_back(std::move(outputs));
      return;
    }
    const ErrorCode code = together.error().code();
    const bool lacks_memory = code == ErrorCode::kResourceExhausted;
    if (code != ErrorCode::kModelError && !(lacks_memory && may_retry_memory)) return fail(together.error());
    record_.count_retries(2);
    const std::size_t half = calls.size() / 2;
    const bool may_retry_again = may_retry_memory && !lacks_memory;
    run(lane, calls.subspan(0, half), may_retry_again, results);
    run(lane, calls.subspan(half, calls.size() - half), may_retry_again, results);
    const auto is_ok = [](const Result<Tensors>& result) { return result.ok(); };
    if (code == ErrorCode::kModelError &&
        std::all_of(results.begin() + static_cast<std::ptrdiff_t>(before), results.end(), is_ok)) {
      lessons_.forbid(rows, calls[0]->bucket);  // both halves succeeded, so the batch size was the cause
    }
  } catch (...) {
    fail(translate_exception());
  }
}

Result<std::vector<Tensors>> BatchComputation::run_together(Lane& lane, Span<Call* const> calls, std::size_t rows) {
  const auto wrong_size = [&] {
    return Error(ErrorCode::kModelError, "the model's outputs do not have " + std::to_string(rows) + " rows");
  };
  if (lessons_.is_forbidden(rows, calls[0]->bucket)) return wrong_size();
  const auto began = time_.now();
  std::vector<const Tensors*> parts;
  CallOptions together;  // options of the merged call; its deadline is the latest of its calls
  together.deadline = Deadline::min();
  together.is_trial = calls[0]->options.is_trial;
  together.time_source = calls[0]->options.time_source;
  for (const Call* call : calls) {
    parts.push_back(&call->inputs);
    together.deadline = std::max(*together.deadline, call->options.deadline.value_or(Deadline::max()));
  }
  const PaddingPlan* const padding = options_.padding.get();
  GANTRY_ASSIGN_OR_RETURN(const auto inputs, padding ? padding->join(parts) : join_rows(parts));
  const auto joined = time_.now();
  GANTRY_ASSIGN_OR_RETURN(const auto outputs, run_sized(lane, inputs, rows, together, calls));
  if (!have_rows(outputs, rows)) return wrong_size();
  const auto computed = time_.now();
  std::vector<Tensors> results;
  std::int64_t row = 0;
  for (const Call* call : calls) {
    auto part = take_rows(outputs, row, row + static_cast<std::int64_t>(call->rows));
    if (part && padding) part = padding->cut(*std::move(part), call->inputs);
    GANTRY_RETURN_IF_ERROR(part);
    results.push_back(*std::move(part));
    row += static_cast<std::int64_t>(call->rows);
  }
  if (!together.is_trial) record_.counters().gather.record((joined - began) + (time_.now() - computed));
  return results;
}

Result<Tensors> BatchComputation::run_rows(Lane& lane, const Tensors& inputs, std::size_t rows, const CallOptions& call,
                                           bool may_retry_memory) {
  if (auto interruption = call.interruption()) {
    record_.count_rejected(
        interruption->with_reason(call.cancel.is_cancelled() ? ErrorReason::kCancelled : ErrorReason::kDeadlinePassed),
        call);
    return *interruption;
  }
  if (options_.may_split && rows > max_merged_)
    return run_parts(lane, inputs, rows, max_merged_, call, may_retry_memory);
  auto outputs = run_padded(lane, inputs, rows, call);
  if (outputs || outputs.error().code() != ErrorCode::kResourceExhausted || !may_retry_memory || rows == 1 ||
      !options_.may_split)
    return outputs;
  record_.count_retries(2);
  return run_parts(lane, inputs, rows, (rows + 1) / 2, call, false);
}

Result<Tensors> BatchComputation::run_parts(Lane& lane, const Tensors& inputs, std::size_t rows, std::size_t size,
                                            const CallOptions& call, bool may_retry_memory) {
  std::vector<Tensors> parts;
  std::vector<const Tensors*> pointers;
  for (std::size_t begin = 0; begin < rows; begin += size) {
    const std::size_t end = std::min(rows, begin + size);
    auto part = take_rows(inputs, static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end));
    if (part) part = run_rows(lane, *part, end - begin, call, may_retry_memory);
    if (!part) return part;
    if (!have_rows(*part, end - begin) || (!parts.empty() && !have_same_samples(parts[0], *part)))
      return Error(
          ErrorCode::kModelError,
          "the outputs of the parts of a batch cannot be joined: sizes of the outputs depend on more than the "
          "sizes of the inputs; set ModelOptions::merge to kNever, or give as many samples as max_batch allows");
    parts.push_back(*std::move(part));
  }
  pointers.reserve(parts.size());
  for (const Tensors& part : parts) pointers.push_back(&part);
  return join_rows(pointers);
}

Result<Tensors> BatchComputation::run_padded(Lane& lane, const Tensors& inputs, std::size_t rows,
                                             const CallOptions& call) {
  if (!options_.padding) return run_sized(lane, inputs, rows, call);
  const auto began = time_.now();
  const Tensors* const alone = &inputs;
  auto whole = options_.padding->join({&alone, 1});
  if (!call.is_trial) record_.counters().gather.record(time_.now() - began);
  if (!whole) return whole;
  auto outputs = run_sized(lane, *whole, rows, call);
  return outputs ? options_.padding->cut(*std::move(outputs), inputs) : std::move(outputs);
}

Result<Tensors> BatchComputation::run_sized(Lane& lane, const Tensors& inputs, std::size_t rows,
                                            const CallOptions& call, Span<Call* const> together) {
  if (options_.sizes.fit(rows)) return run_engine(lane, inputs, rows, call, together);
  return run_in_sizes(options_.sizes, inputs, rows, options_.may_split,
                      [&](const Tensors& part, std::size_t size) -> Result<Tensors> {
                        GANTRY_RETURN_IF_ERROR(call.interruption());
                        return run_engine(lane, part, size, call, together);
                      });
}

Result<Tensors> BatchComputation::run_engine(Lane& lane, const Tensors& inputs, std::size_t rows,
                                             const CallOptions& call, Span<Call* const> together) {
  const auto began = time_.now();
  lessons_.on_engine_call(lane, began);
  auto outputs = [&]() -> Result<Tensors> {
    try {
      return lane.instance->run(inputs, call);
    } catch (...) {  // a host's engine that throws, although run() must not
      return translate_exception();
    }
  }();
  const auto took = time_.now() - began;
  if (!call.is_trial) record_.count_run(rows, took);
  if (!outputs) {
    const Error& error = outputs.error();
    record_.count_failed(error, call);
    if (error.code() == ErrorCode::kUnavailable && error.reason() == ErrorReason::kUnhealthy)
      lessons_.on_device_fault(error.message());
  } else {
    lessons_.on_computed(rows, bucket_of(inputs), took);
  }
  const std::uint64_t calls = ++engine_calls_;
  if ((calls & (calls - 1)) == 0) renew_exit_hook();  // 1, 2, 4, ...: an engine may create statics late
  EndedSpan span{SpanKind::kEngineCall, record_.name(), {}, began, began + took, rows};
  if (!outputs) {
    span.failed = rows;
    span.error = &outputs.error();
  }
  record_.tell_engine_call(call, together, span);
  return outputs;
}

}  // namespace gantry::inline GANTRY_ABI::detail
