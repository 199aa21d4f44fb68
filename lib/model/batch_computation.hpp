// SPDX-License-Identifier: Apache-2.0
// BatchComputation: computes a batch of calls on a lane: joins the inputs, runs the engine, splits the outputs. If the
// engine fails, which does not tell which call is the cause, it runs the halves of the batch again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/batch_lessons.hpp"
#include "model/call_queue.hpp"
#include "model/model_record.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: refers to its constructor arguments, which must outlive it.
/// Threads:   thread-safe; one thread per lane.
/// Errors:    a result is that of the engine, or an error of this class: deadline_exceeded, cancelled, model_error for
///            outputs of the wrong shape, resource_exhausted. Nothing is thrown.
/// Cost:      one copy of the inputs if there are several calls; no copy of their outputs.
class BatchComputation {
 public:
  using Results = std::vector<Result<Tensors>>;

  BatchComputation(const BatchOptions& options, const TimeSource& time, ModelRecord& record, BatchLessons& lessons)
      : options_(options), time_(time), record_(record), lessons_(lessons), max_merged_(options.max_batch) {}

  /// Appends one result for each call; `results` has room for them.
  void run(Lane& lane, Span<Call* const> calls, Results& results) { run(lane, calls, true, results); }
  /// Computes a single call.
  Result<Tensors> run_alone(Lane& lane, const Tensors& inputs, std::size_t rows, const CallOptions& call) noexcept;

  std::size_t max_merged() const { return max_merged_; }
  /// Call it before the model serves.
  void limit_merging(std::size_t most) { max_merged_ = most; }
  std::size_t bucket_of(const Tensors& inputs) const {
    return options_.padding ? options_.padding->bucket_of(inputs) : 0;
  }

 private:
  void run(Lane& lane, Span<Call* const> calls, bool may_retry_memory, Results& results);
  /// Computes the calls of a batch as one engine call; the error applies to all of them.
  Result<std::vector<Tensors>> run_together(Lane& lane, Span<Call* const> calls, std::size_t rows);
  Result<Tensors> run_rows(Lane& lane, const Tensors& inputs, std::size_t rows, const CallOptions& call,
                           bool may_retry_memory);
  /// run_rows() of at most `size` rows at a time, joined.
  Result<Tensors> run_parts(Lane& lane, const Tensors& inputs, std::size_t rows, std::size_t size,
                            const CallOptions& call, bool may_retry_memory);
  /// Pads the inputs of one call, runs them with run_sized(), and cuts the outputs back.
  Result<Tensors> run_padded(Lane& lane, const Tensors& inputs, std::size_t rows, const CallOptions& call);
  /// run_engine() in calls of the batch sizes that the engine supports.
  Result<Tensors> run_sized(Lane& lane, const Tensors& inputs, std::size_t rows, const CallOptions& call,
                            Span<Call* const> together = {});
  /// `together`: the calls of the batch, if it has several; empty otherwise.
  Result<Tensors> run_engine(Lane& lane, const Tensors& inputs, std::size_t rows, const CallOptions& call,
                             Span<Call* const> together = {});

  const BatchOptions& options_;
  const TimeSource& time_;
  ModelRecord& record_;
  BatchLessons& lessons_;
  std::size_t max_merged_;  // set before the model serves
  std::atomic<std::uint64_t> engine_calls_{0};
};

}  // namespace gantry::inline GANTRY_ABI::detail
