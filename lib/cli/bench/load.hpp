// SPDX-License-Identifier: Apache-2.0
// Load: sends requests to a service and measures the answers. In a closed loop each caller waits for its answer before
// it sends the next request, like a thread of a batch job. In an open loop requests arrive independently of answers,
// like those of users.
//
// A closed loop hides the cost of a stall: while the service stalls, no request is sent. In an open loop each latency
// is measured from the scheduled time of the request, so that requests due during a stall are included (leaving them
// out is called coordinated omission).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <gantry/function.hpp>
#include <gantry/payload.hpp>
#include <gantry/run_options.hpp>
#include <map>
#include <string>

#include "cli/bench/arrivals.hpp"
#include "cli/bench/latency_histogram.hpp"

namespace gantry::inline GANTRY_ABI::cli {

/// The amount of load.
struct Load {
  int callers = 0;  ///< closed loop: each has one request in flight; 0: open loop
  double rate = 0;  ///< open loop: requests per second
  Arrival arrival = Arrival::kPoisson;
  std::uint64_t seed = 1;

  bool is_open() const { return callers == 0; }
  /// "1 caller", "4 callers", "250/s".
  std::string title() const;
};

/// The service under load. Tests substitute a fake.
class Service {
 public:
  virtual ~Service() = default;
  /// The input of request number `index`; not part of what is measured.
  virtual Result<Payload> make_input(std::size_t index) = 0;
  virtual Result<Payload> run(Payload input) = 0;
  /// `done` may be called on any thread, also before submit() returns.
  virtual void submit(Payload input, const CancelToken& cancel, Function<void(Result<Payload>)> done) = 0;
};

/// The clock, and waiting for a time. Tests control it.
class LoadClock {
 public:
  using Time = std::chrono::steady_clock::time_point;
  virtual ~LoadClock() = default;
  virtual Time now() = 0;
  virtual void sleep_until(Time time) = 0;
};

class SteadyClock final : public LoadClock {
 public:
  Time now() override { return std::chrono::steady_clock::now(); }
  void sleep_until(Time time) override;
};

/// Requests that were not answered with a result.
struct Failures {
  std::map<std::string, std::uint64_t> by_type;  ///< "resource_exhausted.queue_full"
  std::string example;                           ///< the text of the first one
  std::uint64_t count = 0;

  void add(const Error& error);
  Failures& operator+=(const Failures& other);
};

/// The result of a load.
struct LoadResult {
  LatencyHistogram latencies;          ///< of requests that were answered with a result
  Failures failures;                   ///< of the others
  LatencyHistogram send_delays;        ///< open loop: how late requests were sent, because this process was late
  double answers_per_second = 0;       ///< results within the measured time
  std::uint64_t completed = 0;         ///< results between LoadEvents::began and ended: the CPU time was spent on them
  std::chrono::nanoseconds length{0};  ///< the measured time

  /// Merges `other`: one measurement of both lengths.
  LoadResult& operator+=(const LoadResult& other);
};

/// The durations of a load.
struct LoadTimes {
  std::chrono::nanoseconds warm_up{0};  ///< requests sent during it are not counted
  std::chrono::nanoseconds length{0};
  /// Open loop: requests without an answer this long after the end are cancelled and count as failed.
  std::chrono::nanoseconds patience{std::chrono::seconds(10)};
};

/// Called on the calling thread when the measured time begins and ends, to read the machine's counters. In a closed
/// loop it ends with the last answer.
struct LoadEvents {
  std::function<void()> began = [] {};
  std::function<void()> ended = [] {};
};

/// Returns when every request has ended. In a closed loop every caller makes at least one request that counts. Throws
/// what std::thread throws, and std::bad_alloc.
LoadResult put_load(Service& service, const Load& load, const LoadTimes& times, LoadClock& clock,
                    const LoadEvents& events = {});

}  // namespace gantry::inline GANTRY_ABI::cli
