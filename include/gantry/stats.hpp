// SPDX-License-Identifier: Apache-2.0
// Stats: counters of a runtime, its models and its pipelines, for dashboards and alarms.
//
//   std::string page = gantry::to_prometheus(runtime.stats());     // the body of /metrics
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <gantry/error.hpp>
#include <gantry/export.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Counts of durations in buckets of a quarter octave: a quantile is at most a quarter above the true value.
///
/// Ownership: a value; histograms of several processes can be added.
/// Threads:   thread-compatible.
/// Errors:    none.
/// Cost:      1.3 KB.
struct GANTRY_API Histogram {
  static constexpr std::size_t kBuckets = 160;
  std::array<std::uint64_t, kBuckets> counts{};
  std::uint64_t count = 0;
  std::uint64_t sum_ns = 0;

  /// The bucket of a duration in nanoseconds.
  static std::size_t bucket_of(std::uint64_t ns) noexcept;
  /// The largest duration in `bucket`, in nanoseconds.
  static std::uint64_t upper_bound_of(std::size_t bucket) noexcept;

  /// The upper bound of the bucket that holds quantile `q` (0..1); zero if nothing was recorded.
  std::chrono::nanoseconds quantile(double q) const noexcept;
  Histogram& operator+=(const Histogram& other) noexcept;
};

/// Number of errors with each ErrorReason, indexed by it.
using RejectCounts = std::array<std::uint64_t, kErrorReasons>;

/// Whether it makes sense to send requests.
struct Health {
  bool is_ready = true;
  /// The reasons if it is not ready, one sentence each.
  std::vector<std::string> reasons;
};

/// Memory that a model occupies on its device. 0 if its engine does not report it.
struct ModelMemory {
  std::size_t weights_bytes = 0;   ///< parameters, buffers and constants, of all copies
  std::size_t retained_bytes = 0;  ///< kept for the next run, not in use now
  std::size_t in_use_bytes = 0;    ///< such memory, in use by current runs and by outputs that the host application has
};

/// One model of a runtime.
struct ModelStats {
  std::string name;                   ///< a second model with the same name is "name#2"
  std::string engine;                 ///< EngineInfo::description
  std::uint64_t calls = 0;            ///< calls received
  std::uint64_t samples = 0;          ///< samples computed
  std::uint64_t batches = 0;          ///< engine calls
  std::uint64_t bad_inputs = 0;       ///< calls that failed with invalid_argument
  std::uint64_t model_errors = 0;     ///< calls that failed with model_error
  std::uint64_t resource_errors = 0;  ///< calls that failed with resource_exhausted from the engine
  std::uint64_t retries = 0;          ///< engine calls repeated with a part of a failed batch
  std::uint64_t answers_dropped = 0;  ///< answers of a Backend that arrived after the deadline, or a second time
  RejectCounts rejects{};
  Histogram queue_wait;  ///< from the arrival of a call to the start of its batch
  Histogram compute;     ///< engine calls
  Histogram gather;      ///< time to stack inputs and split outputs, for batches of several calls
  /// Number of engine calls with 2^i .. 2^(i+1) - 1 samples, indexed by i.
  std::array<std::uint64_t, 17> batch_sizes{};
  std::size_t waiting = 0;  ///< calls waiting now
  std::size_t running = 0;  ///< engine calls running now
  std::size_t instances = 0;
  std::size_t max_merged = 1;    ///< maximum samples that may share an engine call; 1: no sharing, explain() says why
  std::size_t paying_batch = 1;  ///< the batch size with the shortest time per sample so far
  ModelMemory memory;            ///< now
  Health health;
};

/// Counters of one stage since its pipeline was compiled.
struct StageStats {
  std::string path;           ///< where it is declared: "pipeline[3].do[1]"
  std::string name;           ///< the op's or callable's name
  std::uint64_t samples = 0;  ///< samples that entered the stage
  std::uint64_t errors = 0;   ///< samples that failed in it
  Histogram time;             ///< time in the stage, recorded once per batch; includes waiting for a model
  /// If this stage is part of a fused step: the path of that step's first stage, whose `time` covers the whole step.
  /// Empty for the first stage of a fused step, and for a stage that is a step of its own.
  std::string fused_into;
};

/// Number of errors with each ErrorCode, indexed by it.
using ErrorCounts = std::array<std::uint64_t, kErrorCodes>;

/// One compiled pipeline of a runtime.
struct PipelineStats {
  std::string name;            ///< "pipeline" if unnamed; a second one with the same name and version is "name#2"
  std::string version;         ///< of the package it came from; empty if it came from none
  std::uint64_t requests = 0;  ///< inputs received; a batch counts each of its inputs
  std::chrono::system_clock::time_point last_request{};  ///< when the last of them came; the epoch if none did
  ErrorCounts errors{};                                  ///< inputs that failed, including refused ones
  /// From the call to the result, of the inputs that did not fail: `time.count` of `requests` were answered.
  Histogram time;
  std::vector<StageStats> stages;
};

/// A runtime, its models and its pipelines.
struct RuntimeStats {
  /// Workers allowed to run now; below RuntimeOptions::workers while the CPU budget is reduced.
  int workers = 0;
  std::size_t in_flight = 0;   ///< requests in flight now
  std::size_t queued = 0;      ///< of these, not started yet
  std::uint64_t requests = 0;  ///< requests admitted
  RejectCounts rejects{};
  std::uint64_t deadline_misses = 0;  ///< admitted requests that were not answered in time
  Histogram queue_age;                ///< from admission to the start on a worker
  // The process and its control group; the values are refreshed when older than 5 s.
  std::string cpu_budget;                    ///< how the CPU budget was derived, for logs
  double effective_cpus = 0;                 ///< the smallest of affinity, cpuset and quota
  std::uint64_t cpu_periods = 0;             ///< quota periods in which something ran; 0 without a quota
  std::uint64_t cpu_throttled_periods = 0;   ///< periods that ended with the quota used up
  std::chrono::nanoseconds cpu_throttled{};  ///< summed over CPUs
  std::uint64_t memory_limit_bytes = 0;      ///< the smallest of physical memory and the groups' limits; 0 if unknown
  std::uint64_t memory_usage_bytes = 0;      ///< counted against the limit, without file cache
  std::vector<ModelStats> models;
  std::vector<PipelineStats> pipelines;
};

/// Formats `stats` in Prometheus text format 0.0.4: counters, gauges and histograms named `gantry_*`, in seconds.
GANTRY_API std::string to_prometheus(const RuntimeStats& stats);

}  // namespace GANTRY_ABI
}  // namespace gantry
