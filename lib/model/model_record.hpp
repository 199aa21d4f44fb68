// SPDX-License-Identifier: Apache-2.0
// ModelRecord: counts a model's calls, and reports spans to the observers of their requests.
#pragma once

#include <gantry/stats.hpp>
#include <string>
#include <utility>

#include "model/call_queue.hpp"
#include "model/model_counters.hpp"
#include "runtime/observed_request.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Threads: thread-safe.
/// Errors:  none: if there is no memory, the span is not reported.
class ModelRecord {
 public:
  explicit ModelRecord(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  ModelCounters& counters() { return counters_; }

  void count_arrival(const CallOptions& call) {
    if (!call.is_trial) counters_.calls.add();
  }
  /// A call that was not computed.
  void count_rejected(const Error& error, const CallOptions& call) {
    if (!call.is_trial) counters_.rejects.count(error.reason());
  }
  /// Counts the error of an engine call.
  void count_failed(const Error& error, const CallOptions& call);
  void count_run(std::size_t rows, Clock::duration took);
  void count_retries(std::uint64_t count) { ModelCounters::add(counters_.retries, count); }
  /// Reports that a call waited from `arrived` until now; `refusal`: why it is not computed, or nullptr.
  void tell_wait(const CallOptions& call, std::size_t rows, Clock::time_point arrived, const Error* refusal) const;
  /// Reports an engine call. `together`: the calls of the batch, if it has several; empty otherwise.
  void tell_engine_call(const CallOptions& call, Span<Call* const> together, EndedSpan span) const noexcept;
  /// Fills in the counted values.
  void add_to(ModelStats& stats) const;

 private:
  const std::string name_;
  ModelCounters counters_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
