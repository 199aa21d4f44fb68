// SPDX-License-Identifier: Apache-2.0
// BatchComputation: computing a batch of calls on a lane: joined, run, taken apart; and in parts where it failed and
// the engine cannot say why.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/batch_lessons.hpp"
#include "model/call_queue.hpp"
#include "model/model_record.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: what it is made with outlives it.
/// Threads:   thread-safe, one thread a lane.
/// Errors:    a result is what the engine gave, or an error of its own: deadline_exceeded, cancelled, model_error for
///            outputs that do not fit, resource_exhausted. Nothing is thrown.
/// Cost:      one copy of the inputs of several calls, none of their outputs.
class BatchComputation {
 public:
  using Results = std::vector<Result<Tensors>>;

  BatchComputation(const BatchOptions& options, const TimeSource& time, ModelRecord& record, BatchLessons& lessons)
      : options_(options), time_(time), record_(record), lessons_(lessons), max_merged_(options.max_batch) {}

  /// Appends one result for each call; `results` has room for them.
  void run(Lane& lane, Span<Call* const> calls, Results& results) { run(lane, calls, true, results); }
  /// A call by itself.
  Result<Tensors> run_alone(Lane& lane, const Tensors& inputs, std::size_t rows, const CallOptions& call) noexcept;

  std::size_t max_merged() const { return max_merged_; }
  /// Before calls come.
  void limit_merging(std::size_t most) { max_merged_ = most; }
  std::size_t bucket_of(const Tensors& inputs) const {
    return options_.padding ? options_.padding->bucket_of(inputs) : 0;
  }

 private:
  void run(Lane& lane, Span<Call* const> calls, bool may_retry_memory, Results& results);
  /// The calls of a batch as one engine call, or the error of all.
  Result<std::vector<Tensors>> run_together(Lane& lane, Span<Call* const> calls, std::size_t rows);
  Result<Tensors> run_rows(Lane& lane, const Tensors& inputs, std::size_t rows, const CallOptions& call,
                           bool may_retry_memory);
  /// run_rows() of at most `size` rows at a time, joined.
  Result<Tensors> run_parts(Lane& lane, const Tensors& inputs, std::size_t rows, std::size_t size,
                            const CallOptions& call, bool may_retry_memory);
  /// run_engine() on what padding makes of one call's inputs.
  Result<Tensors> run_padded(Lane& lane, const Tensors& inputs, std::size_t rows, const CallOptions& call);
  /// run_engine() in calls of the sizes that the engine computes.
  Result<Tensors> run_sized(Lane& lane, const Tensors& inputs, std::size_t rows, const CallOptions& call,
                            Span<Call* const> together = {});
  /// `together`: the calls of a batch of several.
  Result<Tensors> run_engine(Lane& lane, const Tensors& inputs, std::size_t rows, const CallOptions& call,
                             Span<Call* const> together = {});

  const BatchOptions& options_;
  const TimeSource& time_;
  ModelRecord& record_;
  BatchLessons& lessons_;
  std::size_t max_merged_;  // set before calls come
  std::atomic<std::uint64_t> engine_calls_{0};
};

}  // namespace gantry::inline GANTRY_ABI::detail
