// SPDX-License-Identifier: Apache-2.0
#include "model/model_record.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

#include "core/floor_log2.hpp"

namespace gantry::inline GANTRY_ABI::detail {

void ModelRecord::count_failed(const Error& error, const CallOptions& call) {
  if (call.is_trial) return;
  if (error.code() == ErrorCode::kModelError) ModelCounters::add(counters_.model_errors);
  if (error.code() == ErrorCode::kResourceExhausted) ModelCounters::add(counters_.resource_errors);
  if (error.code() == ErrorCode::kInvalidArgument) ModelCounters::add(counters_.bad_inputs);
}

void ModelRecord::count_run(std::size_t rows, Clock::duration took) {
  counters_.compute.record(took);
  counters_.batches.add();
  counters_.samples.add(rows);
  counters_.batch_sizes[std::min(floor_log2(rows), counters_.batch_sizes.size() - 1)].add();
}

void ModelRecord::tell_wait(const CallOptions& call, std::size_t rows, Clock::time_point arrived,
                            const Error* refusal) const {
  if (call.observed)
    call.observed->tell({SpanKind::kModelQueue, name_, {}, arrived, call.now(), rows, refusal ? rows : 0, refusal, {}});
}

void ModelRecord::tell_engine_call(const CallOptions& call, Span<Call* const> together, EndedSpan span) const noexcept
    try {
  if (call.observed) call.observed->tell(span);
  std::vector<ObservedRequest::Ptr> requests;
  for (const Call* one : together)
    if (one->options.observed) requests.push_back(one->options.observed);
  if (!requests.empty()) ObservedRequest::tell_all(requests, span);
} catch (...) {  // no memory: the span is not reported
}

void ModelRecord::add_to(ModelStats& stats) const {
  const auto load = [](const std::atomic<std::uint64_t>& counter) { return counter.load(std::memory_order_relaxed); };
  stats.name = name_;
  stats.calls = counters_.calls.load();
  stats.samples = counters_.samples.load();
  stats.batches = counters_.batches.load();
  stats.bad_inputs = load(counters_.bad_inputs);
  stats.model_errors = load(counters_.model_errors);
  stats.resource_errors = load(counters_.resource_errors);
  stats.retries = load(counters_.retries);
  for (std::size_t i = 0; i < stats.batch_sizes.size(); ++i) stats.batch_sizes[i] = counters_.batch_sizes[i].load();
  stats.rejects = counters_.rejects.snapshot();
  stats.queue_wait = counters_.queue_wait.snapshot();
  stats.compute = counters_.compute.snapshot();
  stats.gather = counters_.gather.snapshot();
}

}  // namespace gantry::inline GANTRY_ABI::detail
