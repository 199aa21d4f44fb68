// SPDX-License-Identifier: Apache-2.0
// Runtime: the worker threads that run pipelines and engines, sized to the CPU budget.
//
//   gantry::Runtime runtime = gantry::Runtime::create({}).value();
//   auto pipeline = gantry::compile(chain, runtime).value();
//
// A host application that creates no Runtime gets a shared one: created on first use, held by every Model and Pipeline.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <gantry/executor.hpp>
#include <gantry/result.hpp>
#include <gantry/stats.hpp>
#include <gantry/time_source.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

class Observer;
namespace detail {
class RuntimeCore;
}

/// Which thread runs a request.
enum class Execution : std::uint8_t {
  kPooled,  ///< the runtime's workers; any number of calling threads stays within the CPU budget
  kCaller,  ///< the calling thread runs everything, including the engine; its thread state is restored afterwards
};

/// What the library uses the CPU budget for.
enum class Goal : std::uint8_t {
  kThroughput,  ///< as many concurrent engine calls as CPUs, one thread each
  kLatency,     ///< one engine call at a time, with all CPUs
};

struct GANTRY_API RuntimeOptions {
  /// Parses the text of a config file, an object with any of the fields below as keys: `{"cpus": 2, "goal": "latency",
  /// "execution": "caller", "tenant_weights": {"gold": 2}, "shed_target_ms": 5}`. Durations are whole numbers of
  /// milliseconds and their keys end in `_ms`; `executor`, `observer` and `time_source` are C++ only. Fields set in the
  /// result override the config. Errors: invalid_argument with the JSON path, for unknown and duplicate keys too.
  static Result<RuntimeOptions> parse(std::string_view json);

  /// The CPU budget. 0: the smallest of affinity, cpuset and cgroup quota, rounded down, at least 1; the environment
  /// variable GANTRY_CPUS (1..4096) replaces this value.
  int cpus = 0;
  /// Chooses `workers` and `intra_op_threads`. kLatency: one worker unless `workers` is set, and budget / workers
  /// threads for each engine call, whatever `intra_op_threads` is; suits large models with few callers.
  Goal goal = Goal::kThroughput;
  /// Worker threads. 0: one per CPU of the budget.
  /// `workers * intra_op_threads` may not exceed the budget unless `allow_oversubscription` is set. If the budget
  /// shrinks later, for instance when a pod is resized in place, fewer workers run at a time (RuntimeStats::workers)
  /// until it grows again.
  int workers = 0;
  /// Threads one engine call may use inside a worker. 0: budget / workers, at least 1. Default 1: throughput.
  int intra_op_threads = 1;
  /// Maximum requests in flight: queued, waiting for a model, or running. Further requests get resource_exhausted.
  std::size_t max_in_flight = 1024;
  Execution execution = Execution::kPooled;
  /// Runs the work on threads of the host application, at most `workers` tasks at a time. The runtime then has a single
  /// thread, which waits for timers. Only in pooled execution.
  std::shared_ptr<Executor> executor;
  /// In a blocking call without a deadline, the calling thread runs its request itself if a worker sleeps and no
  /// request waits. This saves two thread switches. Stages and engines then run on the caller's thread, whose state is
  /// restored. Requires one thread per engine call and 1 MiB of free stack. false: everything runs on workers.
  bool callers_help = true;
  /// Maximum number of idle workers that share the work on one decoded image of 8 megapixels or more; 1..4096. More
  /// than 1 shortens the latency of such an image and costs throughput. Only in pooled execution.
  int image_threads = 1;
  /// Lets workers * intra_op_threads exceed the CPU budget.
  bool allow_oversubscription = false;
  /// Waiting time that counts as one step of RunOptions::priority; it prevents starvation.
  std::chrono::milliseconds priority_aging{1000};
  /// Shares of tenants (RunOptions::tenant) if several have requests waiting; > 0. Tenants not named here have share 1.
  std::map<std::string, double> tenant_weights;
  /// Once the queue has not been empty for `shed_interval`, the library refuses requests with a deadline that have
  /// waited longer than `shed_target`, than twice the time they need, and than a tenth of the time from their arrival
  /// to their deadline. This keeps the queue short, so that running requests meet their deadlines. Requests without a
  /// deadline wait. 0: never refuses.
  std::chrono::milliseconds shed_target{5};
  std::chrono::milliseconds shed_interval{100};
  /// The clock for deadlines, waits and timers; tests replace it to move time. C++ only. nullptr: the steady clock.
  std::shared_ptr<const TimeSource> time_source;
  /// Receives each request's spans, for instance a tracer (observer.hpp). nullptr: none.
  std::shared_ptr<Observer> observer;
};

/// A handle to a pool of workers.
///
/// Ownership: shares the pool. Models and pipelines hold it. When the last handle is destroyed, requests that have not
///            started complete with `unavailable`, and the destructor waits for running engine calls.
/// Threads:   thread-safe.
/// Errors:    create: invalid_argument for impossible options; shutdown: failed_precondition on one of its own workers.
/// Cost:      one OS thread per worker.
class GANTRY_API Runtime {
 public:
  static Result<Runtime> create(const RuntimeOptions& options);
  /// The runtime used if none is given: created on first use, destroyed with its last holder.
  static Result<Runtime> shared();

  /// The options with every 0 replaced by the value in use; without the executor.
  const RuntimeOptions& options() const;
  /// How the CPU budget was derived, for logs: "2 CPUs: affinity 2, cgroup v2 quota 2.5 at /".
  const std::string& budget_explanation() const;
  /// Requests in flight now.
  std::size_t in_flight() const;
  /// Counters of the runtime and its models since their creation. Thread-safe; takes microseconds.
  RuntimeStats stats() const;
  /// Not ready if a model's device has failed permanently, an engine call does not return, or a Backend reports it.
  Health health() const;
  /// Completes requests that have not started with `unavailable`, waits for running ones, joins the workers. Later
  /// calls through this runtime also get `unavailable`. Idempotent.
  Result<void> shutdown();

  /// For gantry's own layers.
  const std::shared_ptr<detail::RuntimeCore>& core() const;

 private:
  struct Owner;
  explicit Runtime(std::shared_ptr<Owner> owner);
  std::shared_ptr<Owner> owner_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
